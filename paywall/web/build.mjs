// Bundles scripts, style sheets, fonts and poster lettering into ../static/dist with hashed names
// and a manifest.json that maps each plain name to its hashed one.
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { letteringFrom } from "./lettering.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "static", "dist");
const watching = process.argv.includes("--watch");

const options = {
  absWorkingDir: here,
  entryPoints: {
    viewer: "src/viewer.ts",
    player: "src/player/index.ts",
    console: "src/console.ts",
    charts: "src/charts.ts",
    docs: "src/docs.ts",
    "viewer-style": "styles/viewer.css",
    "console-style": "styles/console.css",
    "docs-style": "styles/docs.css",
  },
  outdir: out,
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022", "chrome110", "safari16.4", "firefox115"],
  loader: { ".woff2": "file" },
  sourcemap: "linked",
  metafile: true,
  legalComments: "linked",
  logLevel: "info",
};

function plainName(output, entryPoint) {
  const extension = output.slice(output.lastIndexOf("."));
  if (entryPoint?.startsWith("styles/")) return basename(entryPoint);
  if (entryPoint === "src/player/index.ts") return "player.js";
  if (entryPoint?.startsWith("src/")) return `${basename(entryPoint, ".ts")}.js`;
  if (extension === ".woff2") return basename(output).replace(/-[A-Z0-9]{8}\.woff2$/, ".woff2");
  return null;
}

async function writeManifest(metafile, extra) {
  const manifest = { ...extra };
  for (const [path, meta] of Object.entries(metafile.outputs)) {
    const name = plainName(path, meta.entryPoint);
    if (name !== null) manifest[name] = relative(out, join(here, path));
  }
  await writeFile(join(out, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

async function hashed(name, bytes) {
  const mark = createHash("sha256").update(bytes).digest("hex").slice(0, 8).toUpperCase();
  const file = name.replace(/(\.[^.]+)$/, `-${mark}$1`);
  await writeFile(join(out, file), bytes);
  return file;
}

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await writeFile(join(out, "poster-lettering.json"), JSON.stringify(await letteringFrom(here)));
const extra = {
  "icon.svg": await hashed("icon.svg", await readFile(join(here, "styles", "icon.svg"))),
};

if (watching) {
  const writer = {
    name: "manifest",
    setup(build) {
      build.onEnd((result) => result.metafile && writeManifest(result.metafile, extra));
    },
  };
  const context = await esbuild.context({ ...options, plugins: [writer] });
  await context.watch();
} else {
  const result = await esbuild.build(options);
  await writeManifest(result.metafile, extra);
}
