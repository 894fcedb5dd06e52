// The service worker: keeps the page on the device, so that a second visit loads
// nothing. A version is kept whole or not at all, and served whole:
//
//   visit ──index.html of the newest version kept──▶ page ──its files, by their hashes──▶ kept
//     └─ the browser looks for a newer sw.js ──▶ install: all files, then index.html
//          └─ activate: the next visit gets it. Pages that are open keep their files.
//
// Nobody is told, and nothing changes under a class that is on.

import { answerTo, cacheOf, outlived, type Build } from './policy'

declare const self: ServiceWorkerGlobalScope
/** Put here by the build (precache.ts). */
declare const __BUILD__: Build

const build = __BUILD__
const index = '/'

self.addEventListener('install', (event) => {
  event.waitUntil(keep().then(() => self.skipWaiting()))
})

self.addEventListener('activate', (event) => {
  event.waitUntil(forget())
})

self.addEventListener('fetch', (event) => {
  const { method, mode, url } = event.request
  const answer = answerTo({ method, mode, url: new URL(url) }, self.location.origin)
  if (answer === 'index') event.respondWith(kept(event.request, index))
  if (answer === 'file') event.respondWith(kept(event.request, event.request.url))
})

/** Fails as a whole when the server has another version meanwhile: the next visit tries again. */
async function keep(): Promise<void> {
  const cache = await caches.open(cacheOf(build.version))
  try {
    await fill(cache)
  } catch (error) {
    await caches.delete(cacheOf(build.version)) // or it would pass for the version before
    throw error
  }
}

async function fill(cache: Cache): Promise<void> {
  // Names with a hash come from the browser's own cache, where the page's load left them.
  // One after the other: all at once they would stand before a voice.
  for (const file of build.files) await cache.add(file)
  const page = await fetch(index, { cache: 'no-cache' })
  const body = await page.clone().arrayBuffer()
  if (!page.ok || (await digest(body)) !== build.index) throw new Error('another version')
  await cache.put(index, page)
}

async function digest(body: ArrayBuffer): Promise<string> {
  const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', body))
  return Array.from(sum, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

async function forget(): Promise<void> {
  const gone = outlived(await caches.keys(), build.version)
  await Promise.all(gone.map((name) => caches.delete(name)))
}

/** This version's first; a page of the version before finds its own files behind it. */
async function kept(request: Request, key: string): Promise<Response> {
  const mine = await caches.open(cacheOf(build.version))
  const options = { ignoreVary: true } // what was kept is not packed any more
  const found =
    (await mine.match(key, options)) ??
    (key === index ? undefined : await caches.match(key, options))
  return found ?? fetch(request)
}
