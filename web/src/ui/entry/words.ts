import type { ApiErrorCode } from '../../api/errors'
import { ApiError } from '../../api/errors'
import { m } from '../../paraglide/messages.js'
import type { Ending } from '../basic/ending'

/** codeOf reads what went wrong; anything unforeseen is 'internal'. */
export function codeOf(error: unknown): ApiErrorCode {
  return error instanceof ApiError ? error.code : 'internal'
}

function usual(code: ApiErrorCode): string {
  return code === 'network' ? m.offline() : m.server_error()
}

/** openText says why no class was opened. */
export function openText(code: ApiErrorCode): string {
  if (code === 'rate') return m.landing_open_rate()
  return code === 'forbidden' ? m.landing_open_closed() : usual(code)
}

/** codeText says why a code led nowhere. */
export function codeText(code: ApiErrorCode): string {
  if (code === 'rate') return m.landing_code_rate()
  if (code === 'not_found' || code === 'invalid' || code === 'ended')
    return m.landing_code_unknown()
  return usual(code)
}

/** joinText says why one may try again with another name; else endingOf has the screen. */
export function joinText(code: ApiErrorCode): string {
  if (code === 'invalid') return m.prejoin_name_invalid()
  return code === 'rate' ? m.landing_code_rate() : usual(code)
}

/** endingOf names the screen for what no second try on this one would mend. */
export function endingOf(code: ApiErrorCode): Ending | undefined {
  switch (code) {
    case 'banned':
      return 'banned'
    case 'full':
      return 'full'
    case 'ended':
      return 'ended'
    case 'not_found':
    case 'not_open':
      return 'notfound'
    case 'unauthorized':
    case 'forbidden':
      return 'expired'
    case 'invalid':
    case 'rate':
    case 'unavailable':
    case 'network':
    case 'internal':
      return undefined
  }
}
