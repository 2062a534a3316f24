#!/bin/sh
# The REST interface of WordPress takes `alt_text` for plain text and stores another one: what looks like a tag is gone, `%` before two
# hexadecimal digits is gone with them, and behind a lone `<` quotes become `&quot;`, which editors then see in the field. The interface's
# schema and handbook do not say so. A sign that reads `<exit>` can have no alt text that says it, but by character references.
# WordPress 6.5 from @wp-playground/wordpress-builds 0.9.19, on @wp-playground/cli 3.1.56, Node.js 20 or later. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
server=
trap 'test -z "$server" || kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund @wp-playground/cli@3.1.56 @wp-playground/wordpress-builds@0.9.19 >/dev/null
python3 -c 'import shutil; shutil.unpack_archive("node_modules/@wp-playground/wordpress-builds/src/wordpress/wp-6.5.zip", "site")'
mkdir site/wp-content/mu-plugins
cat >site/wp-content/mu-plugins/password.php <<'PHP'
<?php
add_action('init', function () {
    if (!file_exists(WP_CONTENT_DIR . '/password')) {
        [$password] = WP_Application_Passwords::create_new_application_password(1, ['name' => 'test']);
        file_put_contents(WP_CONTENT_DIR . '/password', $password);
    }
});
PHP
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
node node_modules/@wp-playground/cli/wp-playground.js server --port "$port" --workers 1 --define WP_ENVIRONMENT_TYPE local \
  --mount-dir-before-install "$folder/site" /wordpress --wordpress-install-mode install-from-existing-files-if-needed >log 2>&1 &
server=$!
cat >try.mjs <<'JS'
import assert from 'node:assert'
import { readFileSync } from 'node:fs'

const media = `http://127.0.0.1:${process.argv[2]}/?rest_route=/wp/v2/media`
for (let tries = 0; !readFileSync('log', 'utf8').includes('Ready!'); tries++) {
  assert.ok(tries < 240, 'WordPress does not start')
  await new Promise((resolve) => setTimeout(resolve, 500))
}
await fetch(media) // the first request makes the password
const authorization = `Basic ${btoa(`admin:${readFileSync('site/wp-content/password')}`)}`
const ask = async (address, headers, body) => {
  const answer = await fetch(address, { method: 'POST', headers: { authorization, ...headers }, body })
  assert.ok(answer.ok, await answer.clone().text())
  return answer.json()
}
const gif = Buffer.from('R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==', 'base64')
const { id } = await ask(media, { 'content-type': 'image/gif', 'content-disposition': 'attachment; filename=sign.gif' }, gif)
const expected = {
  'A sign that says <exit>.': 'A sign that says .',
  'Honey, 100%acacia.': 'Honey, 100acia.',
  'A sign that says "3 < 4".': 'A sign that says "3 &lt; 4&quot;.',
}
for (const [text, stored] of Object.entries(expected)) {
  const { alt_text: said } = await ask(`${media}/${id}`, { 'content-type': 'application/json' }, JSON.stringify({ alt_text: text }))
  console.log(`${text}  is stored as  ${said}`)
  assert.strictEqual(said, stored, 'this has changed')
}
JS
node try.mjs "$port"
