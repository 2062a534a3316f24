#!/bin/sh
# Payload takes a locale that the project does not have for the default locale, also when it writes: `PATCH …?locale=fr` is answered with
# 200, and the French text replaces the English one. So does `en-GB` where the project has `en`. With `fallback: false` the text is
# answered with 200 and stored nowhere. The documentation speaks of falling back when a document is read.
# payload and @payloadcms/db-sqlite 3.90.2 on Node.js 20 or later. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund --legacy-peer-deps payload@3.90.2 @payloadcms/db-sqlite@3.90.2 >/dev/null
cat >try.mjs <<'JS'
import assert from 'node:assert'
import { sqliteAdapter } from '@payloadcms/db-sqlite'
import { buildConfig, getPayload, handleEndpoints } from 'payload'

const fallback = process.argv[2] === 'true'
const open = () => true
const config = await buildConfig({
  secret: 'a-secret-of-32-characters-or-more', telemetry: false,
  db: sqliteAdapter({ client: { url: `file:./${fallback}.db` }, push: true }),
  localization: { locales: ['en', 'de'], defaultLocale: 'en', fallback },
  collections: [{
    slug: 'media', access: { create: open, read: open, update: open },
    fields: [{ name: 'alt', type: 'text', localized: true }],
  }],
})
await getPayload({ config })
const ask = async (method, path, body) => {
  const headers = { 'content-type': 'application/json' }
  const request = new Request(`http://localhost/api/media${path}`, { method, headers, body: body && JSON.stringify(body) })
  const answer = await handleEndpoints({ config, request })
  assert.ok(answer.ok, 'the request is refused now')
  return answer.json()
}
const { doc: { id } } = await ask('POST', '?locale=en', { alt: 'A harbour' })
await ask('PATCH', `/${id}?locale=de`, { alt: 'Ein Hafen' })
await ask('PATCH', `/${id}?locale=fr`, { alt: 'Un port' })
const { alt } = await ask('GET', `/${id}?locale=all`)
console.log(`fallback: ${fallback}, after a French text: ${JSON.stringify(alt)}`)
assert.deepStrictEqual(alt, { en: fallback ? 'Un port' : 'A harbour', de: 'Ein Hafen' }, 'this has changed')
process.exit(0)
JS
for fallback in true false; do
  node try.mjs "$fallback" >said 2>&1 || { cat said; exit 1; }
  grep -a '^fallback' said
done
