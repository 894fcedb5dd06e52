// What can go wrong with the JSON API, as codes that the page has words for.

/** Codes of the server (`{"error":{"code","message"}}`) and of the way there. */
export type ApiErrorCode =
  | 'invalid' // the server refuses the input: name, code, title
  | 'not_found' // no open class has this code
  | 'unauthorized' // the link or its token is not valid, or has expired
  | 'forbidden'
  | 'banned'
  | 'full'
  | 'ended'
  | 'rate' // too many attempts: wait a little
  | 'unavailable' // the server is there, but cannot now
  | 'network' // the server was not reached
  | 'internal' // anything else, and answers that are not understood

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
