// Receives the app's events from Event Grid and writes the texts into a content system. It needs Node.js 20 or later, no packages.
//
//   SYSTEM          a function of systems.mjs: strapi, payload, directus, wordpress, drupal, umbraco or sanity
//   SYSTEM_URL      its address, without a slash at the end
//   SYSTEM_AUTH     the Authorization header that it wants, such as `Bearer …`
//   LANGUAGES       the languages that it has, such as `en,de`; a field for one language gets the first
//   WEBHOOK_SECRET  at least 32 characters; the event subscription sends it in the header x-webhook-secret
//   PORT            8080 by default
import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import * as systems from './systems.mjs'

const { SYSTEM = '', SYSTEM_URL, SYSTEM_AUTH, LANGUAGES = 'en', WEBHOOK_SECRET = '', PORT = '8080' } = process.env
const EVENT_GRID = 'eventgrid.azure.net'
const LARGEST = 1_048_576 // bytes of an event in Event Grid
const write = systems[SYSTEM]
if (!write) throw new Error(`SYSTEM is "${SYSTEM}"; set it to one of ${Object.keys(systems).join(', ')}.`)
if (!SYSTEM_URL || !SYSTEM_AUTH) throw new Error('Set SYSTEM_URL and SYSTEM_AUTH.')
if (WEBHOOK_SECRET.length < 32) throw new Error('Set WEBHOOK_SECRET to at least 32 random characters.')

async function ask(path, { method = 'GET', body, ...options } = {}) {
  const json = body === undefined || body instanceof FormData ? {} : { 'content-type': 'application/json' }
  const headers = { accept: 'application/json', authorization: SYSTEM_AUTH, ...json, ...options.headers }
  const sent = body instanceof FormData ? body : JSON.stringify(body)
  const answer = await fetch(SYSTEM_URL + path, { method, headers, body: sent, signal: AbortSignal.timeout(20_000) })
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${(await answer.text()).slice(0, 300)}`)
  return answer.status === 204 ? null : answer.json()
}

const digest = (text) => createHash('sha256').update(text).digest()
const isFromSubscription = (headers) =>
  timingSafeEqual(digest(headers['x-webhook-secret'] ?? ''), digest(WEBHOOK_SECRET))

/** The status for Event Grid, which tries 503 again, and 400 and 401 never. */
async function take(text) {
  let event
  try { event = JSON.parse(text) } catch { return [400, 'no JSON'] }
  const { container, name, texts, texts_left_out: leftOut, is_decorative: decorative, flags } = event?.data ?? {}
  if (!event?.type?.startsWith?.('ImageDescriber.') || !name) return [400, 'not an event of the app']
  if (leftOut?.length) console.warn(`${container}/${name}: read the sidecar for ${leftOut}`)
  if (decorative || flags.includes('rendition')) return [200, 'nothing to write']
  const languages = LANGUAGES.split(',').filter((language) => texts[language]?.alt_text)
  if (!languages.length) return [200, 'no text to publish'] // a person should look first, or EVENTS_TEXTS leaves them out
  const outcome = await write({ name, languages, alt: (language) => texts[language].alt_text, ask })
  return outcome ? [200, outcome] : [503, 'the system does not have this picture yet']
}

createServer(async (request, response) => {
  const answer = (status, text, headers = {}) => response.writeHead(status, headers).end(text)
  try {
    if (request.method === 'OPTIONS') { // the handshake of CloudEvents 1.0
      const known = request.headers['webhook-request-origin'] === EVENT_GRID
      return known ? answer(200, '', { 'webhook-allowed-origin': EVENT_GRID, 'webhook-allowed-rate': '120' }) : answer(403)
    }
    if (request.method !== 'POST') return answer(405)
    if (!isFromSubscription(request.headers)) return answer(401)
    const parts = []
    for await (const part of request) {
      parts.push(part)
      if (parts.reduce((sum, { length }) => sum + length, 0) > LARGEST) return answer(413)
    }
    const [status, text] = await take(Buffer.concat(parts).toString())
    answer(status, text)
  } catch (error) { // the system does not answer as expected: Event Grid tries again
    console.error(error)
    answer(503, 'the system did not take the text')
  }
}).listen(Number(PORT), () => console.log('ready'))
