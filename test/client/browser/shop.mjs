// The script of the shop's page. The tests call `buy` and `keys`.
import { deriveKey, idempotentFetch, operationKey } from 'lambda-once/client'

const send = idempotentFetch({ attempts: 8 })

const STORAGES = { localStorage: () => localStorage, sessionStorage: () => sessionStorage, indexedDB: () => indexedDB }

const until = async (at) => {
  while (Date.now() < at) await new Promise((resolve) => setTimeout(resolve, 0))
}

const said = ({ name, message, code, attempts }) => ({ error: { name, message, code, attempts } })

/** Buys the cart, and returns what the page knows then. `at`: when it begins, in epoch milliseconds. */
globalThis.buy = async ({ storage, cart, json = { cart }, at = 0, url = '/payments', done = false }) => {
  await until(at)
  try {
    const key = await operationKey(STORAGES[storage](), ['checkout', cart])
    const { response, status, attempts } = await send(url, { method: 'POST', json, key })
    if (done) await key.done()
    return { key: key.key, status, attempts, code: response.status, body: await response.json() }
  } catch (error) {
    return said(error)
  }
}

/** The keys of many carts, each asked for at the same moment in every tab. */
globalThis.keys = async ({ storage, carts, at, gapMillis }) => {
  const asking = carts.map(async (cart, index) => {
    await until(at + index * gapMillis)
    return (await operationKey(STORAGES[storage](), ['checkout', cart])).key
  })
  return Promise.all(asking)
}

/** Sends without a stored key, and returns what came back. */
globalThis.post = async ({ url = '/payments', ...init }) => {
  try {
    const { response, status, key, attempts } = await send(url, { method: 'POST', ...init })
    return { status, key, attempts, code: response.status }
  } catch (error) {
    return said(error)
  }
}

globalThis.upload = (bytes) => {
  const form = new FormData()
  form.append('note', 'größe')
  form.append('scan', new File([new Uint8Array(bytes)], 'scan.bin'))
  return globalThis.post({ body: form })
}

globalThis.derive = (parts) => deriveKey(parts).catch(said)
