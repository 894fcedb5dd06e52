// What the service worker does with a request. Pure.

/** What the build tells: every file of this version of the page. */
export interface Build {
  /** Changes when any file does. */
  readonly version: string
  /** SHA-256 of index.html, in hex: an older or newer one must not be kept with these files. */
  readonly index: string
  /** Paths from the root, index.html not among them. */
  readonly files: readonly string[]
}

export type Answer = 'index' | 'file' | 'network'

export interface Asked {
  readonly method: string
  readonly mode: string
  readonly url: URL
}

/**
 * Screens and files of the page are answered from what is kept. All else, the class,
 * the media, the API and the metrics above all, never passes through here.
 */
export function answerTo({ method, mode, url }: Asked, origin: string): Answer {
  if (method !== 'GET' || url.origin !== origin) return 'network'
  if (mode === 'navigate') return isScreen(url.pathname) ? 'index' : 'network'
  return url.pathname.startsWith('/assets/') || url.pathname === '/favicon.svg' ? 'file' : 'network'
}

/** The addresses for which the server answers with the page (handler.go). */
function isScreen(path: string): boolean {
  return /^\/(index\.html|join|[ck]\/[^/]+)?$/.test(path)
}

const prefix = 'preau-'

export function cacheOf(version: string): string {
  return prefix + version
}

/**
 * Which caches may go, given all in the order they were made: this version's stays,
 * and the one before, which pages that are open now were loaded from.
 */
export function outlived(names: readonly string[], version: string): string[] {
  const others = names.filter((name) => name.startsWith(prefix) && name !== cacheOf(version))
  return others.slice(0, -1)
}
