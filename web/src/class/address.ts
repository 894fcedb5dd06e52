// Where the /class socket of this server is, and what the server says about a
// refusal that a WebSocket does not show.

import type { EndReason } from './status'

export interface Access {
  /** http(s) origin of the server. */
  readonly origin: string
  readonly token: string
  /** Random, of this page's load: who comes back with it resumes silently. */
  readonly page: string
}

export function socketURL(access: Access, session: string, since: bigint): string {
  const url = new URL('/class', access.origin)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  url.searchParams.set('access_token', access.token)
  url.searchParams.set('page', access.page)
  if (session) {
    url.searchParams.set('session', session)
    url.searchParams.set('since', since.toString())
  }
  return url.href
}

/** Why the server refuses this token, if it does: 'gone' when there is no such open class. */
export type Refusal = Exclude<EndReason, 'ended' | 'not-open'> | 'gone'

/** Asks what a browser hides: with what status the upgrade was refused. Undefined: it was not, or nobody answers. */
export async function askRefusal(access: Access): Promise<Refusal | undefined> {
  try {
    const url = new URL('/class/validate', access.origin)
    url.searchParams.set('page', access.page)
    const answer = await fetch(url, {
      headers: { Authorization: `Bearer ${access.token}` },
      signal: AbortSignal.timeout(8_000),
    })
    return refusalOf(answer.status, answer.ok ? '' : await answer.text())
  } catch {
    return undefined // not reached: the network's doing
  }
}

const sentAway = ['banned', 'removed', 'refused'] as const

export function refusalOf(status: number, body: string): Refusal | undefined {
  const says = (code: string) => body.includes(`"${code}"`)
  if (status === 400 || status === 401) return 'unauthorized'
  if (status === 403) return sentAway.find(says) ?? 'unauthorized'
  if (status === 404 || status === 410) return 'gone'
  return says('full') ? 'full' : undefined
}
