// What can go wrong with the JSON API, as codes that the page has words for.

const codes = [
  'invalid', // the server refuses the input: name, code, title
  'not_found', // no open class has this code
  'not_open', // a teacher has to open the class first
  'unauthorized', // the link or its token is not valid, or has expired
  'forbidden',
  'banned',
  'full',
  'ended',
  'rate', // too many attempts: wait a little
  'unavailable', // the server is there, but cannot now
  'network', // the server was not reached
  'internal', // anything else, and answers that are not understood
] as const

export type ApiErrorCode = (typeof codes)[number]

export class ApiError extends Error {
  override readonly name = 'ApiError'
  constructor(
    readonly code: ApiErrorCode,
    message: string,
    /** HTTP status; 0 when there was no answer. */
    readonly status: number,
  ) {
    super(message)
  }
}

const byStatus: Readonly<Record<number, ApiErrorCode>> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  410: 'ended',
  429: 'rate',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
}

/** The code of an answer: the server's own where it is one of ours, else what its status says. */
export function codeOf(status: number, code: string): ApiErrorCode {
  return codes.find((c) => c === code) ?? byStatus[status] ?? 'internal'
}
