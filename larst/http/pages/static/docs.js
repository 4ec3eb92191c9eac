// Swagger UI for one session. Requests from its forms go to that session.
"use strict";

larst.begin((spec, place, headers) => {
  SwaggerUIBundle({
    spec,
    domNode: place,
    deepLinking: true,
    displayRequestDuration: true,
    tryItOutEnabled: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
    requestInterceptor: (request) => {
      Object.assign(request.headers, headers);
      return request;
    },
  });
});
