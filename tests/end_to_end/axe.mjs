// Checks a page with axe-core in Chromium: node axe.mjs CHROMIUM AXE_JS PAGE_URL THEME/WIDTH...
//
// Prints JSON: for each theme and width, what axe-core finds with all details open, and whether the page scrolls sideways.
// Chromium's debugging pipe runs the scripts, so that the page's Content-Security-Policy does not stop them.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [chromium, axe, page, ...views] = process.argv.slice(2)
const profile = mkdtempSync(join(tmpdir(), 'axe-'))
const options = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run']
const browser = spawn(chromium, [...options, '--remote-debugging-pipe', `--user-data-dir=${profile}`], {
  stdio: ['ignore', 'ignore', 'inherit', 'pipe', 'pipe'],
})
const [, , , commands, answers] = browser.stdio
const waiting = new Map()
let number = 0
let received = ''

answers.setEncoding('utf8').on('data', (text) => {
  const messages = (received + text).split('\0')
  received = messages.pop()
  for (const message of messages.map(JSON.parse)) {
    waiting.get(message.id)?.(message)
    waiting.delete(message.id)
  }
})

async function call(method, params = {}, sessionId = undefined) {
  const id = ++number
  commands.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
  const { result, error } = await new Promise((resolve) => waiting.set(id, resolve))
  if (error) throw new Error(`${method}: ${error.message}`)
  if (result.exceptionDetails) throw new Error(`${method}: ${JSON.stringify(result.exceptionDetails)}`)
  return result
}

const CHECK = `(async () => {
  if (document.readyState !== 'complete') await new Promise((resolve) => addEventListener('load', resolve))
  for (const each of document.querySelectorAll('details')) each.open = true
  const { violations, incomplete, passes } = await axe.run()
  const shown = (rules) => rules.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html))
  return { violations: shown(violations), incomplete: shown(incomplete), passed: passes.map(({ id }) => id),
    theme: matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light', width: innerWidth,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth }
})()`

async function check(view) {
  const [theme, width] = view.split('/')
  const { targetId } = await call('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true })
  const send = (method, params) => call(method, params, sessionId)
  await send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: theme }] })
  await send('Emulation.setDeviceMetricsOverride', { width: Number(width), height: 900, deviceScaleFactor: 1, mobile: false })
  await send('Page.navigate', { url: page })
  await send('Runtime.evaluate', { expression: readFileSync(axe, 'utf8') })
  const { result } = await send('Runtime.evaluate', { expression: CHECK, awaitPromise: true, returnByValue: true })
  return result.value
}

try {
  const found = []
  for (const view of views) found.push(await check(view))
  console.log(JSON.stringify(found))
} finally {
  browser.kill('SIGKILL')
  await new Promise((resolve) => browser.once('exit', resolve))
  rmSync(profile, { recursive: true, force: true, maxRetries: 10 })
}
