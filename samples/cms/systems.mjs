// How each content system finds the media entry of a blob and takes its alt text. Each function fills empty fields only, so an
// editor's text stays, and returns 'written', 'kept', or undefined if the system does not have the picture.
//
//   name       the blob's name     languages  those to write, the default first
//   alt(tag)   the text            ask        sends a request to the system

const q = encodeURIComponent
const fileOf = (name) => name.slice(name.lastIndexOf('/') + 1)
const stemOf = (name) => fileOf(name).replace(/\.[^.]*$/, '')
const empty = (text) => !text?.trim()

/** Collection `media`, localized field `alt`. */
export async function payload({ name, languages, alt, ask }) {
  const { docs: [entry] } = await ask(`/api/media?where[filename][equals]=${q(fileOf(name))}&locale=all&depth=0`)
  if (!entry) return
  const missing = languages.filter((language) => empty(entry.alt?.[language]))
  for (const language of missing) {
    await ask(`/api/media/${entry.id}?locale=${q(language)}`, { method: 'PATCH', body: { alt: alt(language) } })
  }
  return missing.length ? 'written' : 'kept'
}

/** Field `alternativeText` of the media library, in one language. */
export async function strapi({ name, languages: [language], alt, ask }) {
  const [entry] = await ask(`/api/upload/files?filters[hash][$eq]=${q(stemOf(name))}`)
  if (!entry) return
  if (!empty(entry.alternativeText)) return 'kept'
  const body = new FormData()
  body.set('fileInfo', JSON.stringify({ alternativeText: alt(language) }))
  await ask(`/api/upload?id=${entry.id}`, { method: 'POST', body })
  return 'written'
}

/** Field `description` of `directus_files`, in one language. */
export async function directus({ name, languages: [language], alt, ask }) {
  const { data: [entry] } = await ask(`/files?filter[filename_disk][_eq]=${q(fileOf(name))}&fields=id,description`)
  if (!entry) return
  if (!empty(entry.description)) return 'kept'
  await ask(`/files/${entry.id}`, { method: 'PATCH', body: { description: alt(language) } })
  return 'written'
}

/** Field `alt_text` of the media library, in one language. WordPress removes tags and `%` with two hexadecimal digits. */
export async function wordpress({ name, languages: [language], alt, ask }) {
  const fields = '_fields=id,alt_text,media_details'
  const found = await ask(`/wp-json/wp/v2/media?search=${q(stemOf(name))}&per_page=100&context=edit&${fields}`)
  const entry = found.find(({ media_details: { file = '', original_image: original } }) =>
    `/${name}`.endsWith(`/${original ? file.replace(/[^/]*$/, original) : file}`))
  if (!entry) return
  if (!empty(entry.alt_text)) return 'kept'
  const entities = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '%': '&#37;' }
  const text = alt(language).replace(/[<>]|&(?=#?\w+;)|%(?=[0-9a-f]{2})/gi, (character) => entities[character])
  await ask(`/wp-json/wp/v2/media/${entry.id}`, { method: 'POST', body: { alt_text: text } })
  return 'written'
}

/** Media type `image`, alt text of its field `field_media_image`, at most 512 characters. */
export async function drupal({ name, languages: [language], alt, ask }) {
  const headers = { accept: 'application/vnd.api+json', 'content-type': 'application/vnd.api+json' }
  const { data: [file] } = await ask(`/jsonapi/file/file?filter[uri.value]=${q(`public://${name}`)}`, { headers })
  if (!file) return
  const { data: [media] } = await ask(`/jsonapi/media/image?filter[field_media_image.id]=${file.id}`, { headers })
  if (!media) return
  const { data: image } = media.relationships.field_media_image
  if (!empty(image.meta.alt)) return 'kept'
  const meta = { ...image.meta, alt: [...alt(language)].slice(0, 512).join('') }
  const data = { type: 'media--image', id: media.id, relationships: { field_media_image: { data: { ...image, meta } } } }
  await ask(`/jsonapi/media/image/${media.id}`, { method: 'PATCH', headers, body: { data } })
  return 'written'
}

/** Management API of Umbraco 14 and later; a property `altText` that your media type Image has, the same in all languages. */
export async function umbraco({ name, languages: [language], alt, ask }) {
  const api = '/umbraco/management/api/v1'
  const { items } = await ask(`${api}/item/media/search?query=${q(stemOf(name))}&take=100`)
  for (const { id } of items) {
    const { values, variants } = await ask(`${api}/media/${id}`)
    if (!values.find(({ alias }) => alias === 'umbracoFile')?.value?.src?.endsWith(`/${name}`)) continue
    if (!empty(values.find(({ alias }) => alias === 'altText')?.value)) return 'kept'
    const others = values.filter(({ alias }) => alias !== 'altText')
    const body = {
      values: [...others, { alias: 'altText', culture: null, segment: null, value: alt(language) }],
      variants: variants.map(({ culture, segment, name: called }) => ({ culture, segment, name: called })),
    }
    await ask(`${api}/media/${id}`, { method: 'PUT', body })
    return 'written'
  }
}

/** Field `altText` of the asset; SYSTEM_URL ends with the dataset: https://PROJECT.api.sanity.io/v2025-02-19/data/mutate/production */
export async function sanity({ name, languages: [language], alt, ask }) {
  const id = `image-${fileOf(name).replace(/\.([^.]*)$/, '-$1')}`
  const { results } = await ask('?returnIds=true', {
    method: 'POST',
    body: { mutations: [{ patch: { query: '*[_id == $id]', params: { id }, setIfMissing: { altText: alt(language) } } }] },
  })
  return results.length ? 'written' : undefined
}
