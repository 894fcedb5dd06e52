import type { Classroom } from './classroom'
import type { Ticket } from './ticket'

export interface EnterOptions {
  /** Come in with these on (as far as the class allows). */
  readonly microphone: boolean
  readonly camera: boolean
  /** Device ids; '' or missing: the system's own choice. */
  readonly audioinput?: string
  readonly videoinput?: string
  readonly audiooutput?: string
}

/** Enters the class. The classroom returned is reactive; dispose() it when the screen goes. */
export function enterClass(ticket: Ticket, options: EnterOptions): Classroom {
  ;[ticket, options]
  throw new Error('not yet')
}
