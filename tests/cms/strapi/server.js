// Strapi without its admin pages. The folder that it runs in has all its data; the file `token` gets a key of its interface.
const { mkdirSync, writeFileSync } = require('node:fs')
const { createStrapi } = require('@strapi/strapi')

for (const folder of ['src/api', 'public/uploads', 'database/migrations']) mkdirSync(folder, { recursive: true })
createStrapi({ appDir: __dirname, distDir: __dirname, serveAdminPanel: false, autoReload: false })
  .start()
  .then(async (strapi) => {
    const token = { name: 'recipe', type: 'full-access', lifespan: null }
    writeFileSync('token', (await strapi.service('admin::api-token').create(token)).accessKey)
  })
  .catch((error) => {
    console.error(error)
    process.exit(1)
  })
