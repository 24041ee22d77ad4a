// Turns two weights of Archivo into a table of outlines, so that a poster keeps its letters
// wherever it is opened or printed: {weight: {ascent, cap, glyphs: {char: [advance, path]}, kern}}.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import opentype from "opentype.js";

const WEIGHTS = { black: 800, text: 500 };
const SUBSETS = ["latin", "latin-ext"];
const UNITS_PER_EM = 1000;
const RANGES = [[0x20, 0x7e], [0xa0, 0x17f], [0x218, 0x21b], [0x1e9e, 0x1e9e], [0x2013, 0x2014],
  [0x2018, 0x2019], [0x201c, 0x201e], [0x2022, 0x2022], [0x2026, 0x2026]];

export async function letteringFrom(root) {
  const table = {};
  for (const [name, weight] of Object.entries(WEIGHTS)) {
    const glyphs = {};
    const kern = {};
    let cap = 0;
    for (const subset of SUBSETS) {
      const file = join(root, "node_modules", "@fontsource", "archivo", "files",
        `archivo-${subset}-${weight}-normal.woff`);
      const bytes = await readFile(file);
      const font = opentype.parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
      const scale = UNITS_PER_EM / font.unitsPerEm;
      const known = [];
      for (const [from, to] of RANGES) {
        for (let code = from; code <= to; code += 1) {
          const char = String.fromCodePoint(code);
          const glyph = font.charToGlyph(char);
          if (glyph.index === 0 || glyphs[char] !== undefined) continue;
          const path = glyph.getPath(0, 0, UNITS_PER_EM).toPathData(0);
          glyphs[char] = [Math.round(glyph.advanceWidth * scale), path];
          known.push([char, glyph]);
        }
      }
      if (subset === "latin") {
        cap = Math.round((font.tables.os2.sCapHeight ?? 700) * scale);
        for (const [left, leftGlyph] of known) {
          for (const [right, rightGlyph] of known) {
            if (!/[A-Z]/.test(left) || !/[A-Z]/.test(right)) continue;
            const value = Math.round(font.getKerningValue(leftGlyph, rightGlyph) * scale);
            if (value !== 0) kern[left + right] = value;
          }
        }
      }
    }
    table[name] = { cap, glyphs, kern };
  }
  return table;
}
