// A resolver for the alt-text plugin of Payload (@jhb.software/payload-alt-text-plugin): it asks this app, and no model.
// payloadAltTextPlugin({ resolver: describerResolver({ url: 'https://YOUR-APP.azurewebsites.net', key, container: 'media' }), … })

/** `container` is where Payload's storage adapter puts uploads; a stored description is answered at no cost. */
export function describerResolver({ url, key, container, prefix = '' }) {
  async function describe({ filename }, languages) {
    const body = JSON.stringify({ images: [{ blob: { container, name: prefix + filename } }], languages })
    const headers = { 'content-type': 'application/json', 'x-functions-key': key }
    const answer = await fetch(`${url}/api/describe`, { method: 'POST', headers, body })
    const said = await answer.json()
    if (!answer.ok) throw new Error(said.detail)
    if (!['described', 'kept'].includes(said.status)) throw new Error(said.reason || `The status is ${said.status}.`)
    if (said.is_decorative) throw new Error('The picture is decorative; leave its text empty.')
    const texts = { [said.language]: said, ...said.translations }
    return Object.fromEntries(languages.map((tag) => [tag, { altText: texts[tag].alt_text, keywords: said.tags }]))
  }
  const attempt = (work) => work().catch((error) => ({ success: false, error: error.message }))
  return {
    key: 'image-describer',
    resolve: (args) => attempt(async () => ({ success: true, result: (await describe(args, [args.locale]))[args.locale] })),
    resolveBulk: (args) => attempt(async () => ({ success: true, results: await describe(args, args.locales) })),
  }
}
