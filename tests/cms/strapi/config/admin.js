module.exports = ({ env }) => ({
  auth: { secret: env('TOKEN') },
  apiToken: { salt: env('TOKEN') },
  transfer: { token: { salt: env('TOKEN') } },
  secrets: { encryptionKey: env('TOKEN') },
})
