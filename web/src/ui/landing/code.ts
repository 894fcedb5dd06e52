import { parseCode, parseRoute, showCode } from '../../session/routes'

/** typedCode writes what was typed so far as a code: known characters, two groups of four. */
export function typedCode(typed: string): string {
  const code = typed
    .toUpperCase()
    .replaceAll('O', '0')
    .replaceAll(/[IL]/gu, '1')
    .replaceAll(/[^0-9A-HJKMNP-TV-Z]/gu, '')
    .slice(0, 8)
  if (code.length === 8) return showCode(code)
  return code.length > 4 ? `${code.slice(0, 4)}-${code.slice(4)}` : code
}

/** Entry is what the one field of the landing page was given. */
export type Entry =
  | { kind: 'code'; code: string }
  | { kind: 'link'; url: URL }
  | { kind: 'short' }
  | { kind: 'foreign' }

/** looksLikeLink tells a pasted address from a code being typed. */
export function looksLikeLink(typed: string): boolean {
  return /[/:.#]/u.test(typed)
}

/** entryOf reads a code, or a link to a class of this page's own address. */
export function entryOf(typed: string, origin: string): Entry {
  if (!looksLikeLink(typed)) {
    const code = parseCode(typed)
    return code === undefined ? { kind: 'short' } : { kind: 'code', code }
  }
  const url = urlOf(typed.trim(), origin)
  if (url?.origin !== origin) return { kind: 'foreign' }
  const route = parseRoute(url)
  if (route.screen === 'code') return { kind: 'code', code: route.code }
  return route.screen === 'invite' || route.screen === 'token'
    ? { kind: 'link', url }
    : { kind: 'foreign' }
}

function urlOf(text: string, origin: string): URL | undefined {
  try {
    return new URL(/^[a-z]+:\/\//iu.test(text) ? text : `${new URL(origin).protocol}//${text}`)
  } catch {
    return undefined
  }
}
