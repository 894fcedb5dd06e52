// The page's addresses. Secrets stand in the fragment, which no server sees.

export type Route =
  | { readonly screen: 'landing' }
  | { readonly screen: 'code'; readonly code: string } // /c/CODE
  | { readonly screen: 'invite'; readonly invite: string } // /join#i=…
  | { readonly screen: 'token'; readonly token: string } // /join#t=…
  | { readonly screen: 'class'; readonly key: string } // /k/CLASS: joined in this tab
  | { readonly screen: 'unknown' }

export interface Address {
  readonly pathname: string
  readonly hash: string
}

export function parseRoute({ pathname, hash }: Address): Route {
  const path = pathname.replace(/\/+/g, '/').replace(/(.)\/$/, '$1')
  if (path === '/') return { screen: 'landing' }
  if (path === '/join') return parseJoin(hash)
  const [, first, rest, ...more] = path.split('/')
  if (rest === undefined || more.length > 0) return { screen: 'unknown' }
  if (first === 'c') return codeRoute(decode(rest))
  if (first === 'k') return { screen: 'class', key: decode(rest) }
  return { screen: 'unknown' }
}

function parseJoin(hash: string): Route {
  const fields = new URLSearchParams(hash.replace(/^#/, ''))
  const invite = fields.get('i')
  if (invite) return { screen: 'invite', invite }
  const token = fields.get('t')
  return token ? { screen: 'token', token } : { screen: 'unknown' }
}

function codeRoute(text: string): Route {
  const code = parseCode(text)
  return code ? { screen: 'code', code } : { screen: 'unknown' }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/**
 * Reads a class's short code as people write it: any case, with hyphens and
 * spaces, O for 0, I and L for 1 (Crockford's base 32). Undefined: no code.
 */
export function parseCode(text: string): string | undefined {
  const code = text.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1')
  return /^[0-9A-HJKMNP-TV-Z]{8}$/.test(code) ? code : undefined
}

/** Writes a code so that it is easily read out: `ABCD-1234`. */
export function showCode(code: string): string {
  return code.length === 8 ? `${code.slice(0, 4)}-${code.slice(4)}` : code
}

export function codePath(code: string): string {
  return `/c/${encodeURIComponent(code)}`
}

export function invitePath(invite: string): string {
  return `/join#i=${encodeURIComponent(invite)}`
}

export function classPath(key: string): string {
  return `/k/${encodeURIComponent(key)}`
}
