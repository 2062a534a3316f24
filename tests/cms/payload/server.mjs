// Payload without its admin pages: its REST interface over Node's own server. The folder that it runs in has all its data.
import { createServer } from 'node:http'
import { sqliteAdapter } from '@payloadcms/db-sqlite'
import { buildConfig, getPayload, handleEndpoints } from 'payload'
import sharp from 'sharp'
import { describerResolver } from './payload-alt-text.mjs'

const { APP, FUNCTION_KEY, CONTAINER, PORT, TOKEN } = process.env
const resolver = describerResolver({ url: APP, key: FUNCTION_KEY, container: CONTAINER })

// What the plugin's button does: asks the resolver, and puts the text into the field.
const button = {
  path: '/:id/alt-text',
  method: 'post',
  handler: async (req) => {
    const { id } = req.routeParams
    const { filename } = await req.payload.findByID({ collection: 'media', id })
    const { results, ...answer } = await resolver.resolveBulk({ filename, imageThumbnailUrl: '', locales: ['en', 'de'], req })
    for (const [locale, { altText }] of Object.entries(results ?? {})) {
      await req.payload.update({ collection: 'media', id, locale, data: { alt: altText } })
    }
    return Response.json(answer)
  },
}

const config = await buildConfig({
  secret: TOKEN,
  sharp,
  telemetry: false,
  db: sqliteAdapter({ client: { url: 'file:./data.db' }, push: true }),
  localization: { locales: ['en', 'de'], defaultLocale: 'en', fallback: false },
  collections: [
    { slug: 'users', auth: { useAPIKey: true }, fields: [] },
    {
      slug: 'media',
      upload: {
        staticDir: 'files',
        imageSizes: [
          { name: 'thumbnail', width: 150, height: 150 },
          { name: 'card', width: 400 },
          { name: 'wide', width: 800, formatOptions: { format: 'webp' } },
        ],
      },
      fields: [{ name: 'alt', type: 'text', localized: true }],
      endpoints: [button],
    },
  ],
})
const payload = await getPayload({ config })
const user = { email: 'editor@example.com', password: TOKEN, enableAPIKey: true, apiKey: TOKEN }
await payload.create({ collection: 'users', data: user })

const serve = async (incoming, outgoing) => {
  const body = incoming.method === 'GET' ? {} : { body: incoming, duplex: 'half' }
  const request = new Request(`http://127.0.0.1:${PORT}${incoming.url}`, { method: incoming.method, headers: incoming.headers, ...body })
  const answer = await handleEndpoints({ config, request })
  outgoing.writeHead(answer.status, Object.fromEntries(answer.headers)).end(Buffer.from(await answer.arrayBuffer()))
}
createServer(serve).listen(PORT, '127.0.0.1')
