'use strict';

SwaggerUIBundle({
  url: '../v3/api-docs',
  dom_id: '#api',
  deepLinking: true,
  tryItOutEnabled: true,
  // Or it would show the document to a validator of others.
  validatorUrl: null,
});
