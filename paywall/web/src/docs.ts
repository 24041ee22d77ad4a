// The API explorer at /docs: Swagger UI over our own /openapi.json, from our own files.
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";

SwaggerUI({
  url: "/openapi.json",
  dom_id: "#explorer",
  deepLinking: true,
  docExpansion: "list",
  filter: true,
  tryItOutEnabled: true,
  // A session or key typed here is kept in this page only.
  persistAuthorization: false,
  // Its badge would ask validator.swagger.io about our document.
  validatorUrl: null,
});
