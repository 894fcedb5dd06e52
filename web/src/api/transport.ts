// One request of the JSON API, and the reading of its answer.

import { ApiError, codeOf } from './errors'

/** At 32 kb/s an answer stands behind what else comes, and what is lost of it is sent again: 20 s were seen. */
const patience = 60_000

/** An answer's fields, checked as they are read. */
export class Fields {
  constructor(private readonly fields: Readonly<Record<string, unknown>>) {}

  text(name: string): string {
    const value = this.fields[name]
    return typeof value === 'string' ? value : ''
  }

  flag(name: string): boolean {
    return this.fields[name] === true
  }

  /** A text that must be there. */
  need(name: string): string {
    const value = this.text(name)
    if (!value) throw new ApiError('internal', `the answer has no ${name}`, 200)
    return value
  }
}

export async function request(
  method: 'GET' | 'POST',
  path: string,
  body?: Readonly<Record<string, unknown>>,
  signal?: AbortSignal,
): Promise<Fields> {
  const answer = await send(method, path, body, signal)
  const fields = await readFields(answer)
  if (answer.ok && fields) return new Fields(fields)
  throw errorOf(answer.status, fields)
}

async function send(
  method: string,
  path: string,
  body: Readonly<Record<string, unknown>> | undefined,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const waiting = AbortSignal.timeout(patience)
  try {
    // There are no cookies. But without the means to send them (credentials: 'omit') browsers open
    // another connection beside the page's own: three round trips, and a certificate.
    return await fetch(path, {
      method,
      cache: 'no-store',
      signal: signal ? either(signal, waiting) : waiting,
      ...(body && {
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      }),
    })
  } catch (error) {
    signal?.throwIfAborted()
    throw new ApiError('network', String(error), 0)
  }
}

/** AbortSignal.any is younger than some phones. */
function either(a: AbortSignal, b: AbortSignal): AbortSignal {
  const both = new AbortController()
  for (const s of [a, b]) {
    if (s.aborted) both.abort(s.reason)
    s.addEventListener('abort', () => both.abort(s.reason), { once: true })
  }
  return both.signal
}

async function readFields(answer: Response): Promise<Record<string, unknown> | undefined> {
  try {
    const value: unknown = await answer.json()
    return isRecord(value) ? value : undefined
  } catch {
    return undefined // a proxy's own page, or cut short
  }
}

function errorOf(status: number, fields: Record<string, unknown> | undefined): ApiError {
  const error = fields?.['error']
  const { code, message } = isRecord(error) ? error : {}
  return new ApiError(
    codeOf(status, typeof code === 'string' ? code : ''),
    typeof message === 'string' ? message : `HTTP ${status}`,
    status,
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
