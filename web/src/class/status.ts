// How the page stands with its class.

import type { Code } from '../gen/command_pb'

export type EndReason =
  | 'ended' // for all
  | 'left' // one's own act
  | 'removed'
  | 'refused' // not let in from the lobby
  | 'banned'
  | 'replaced' // joined elsewhere with the same identity
  | 'full'
  | 'not-open' // no teacher has opened it yet
  | 'unauthorized' // the token is not valid (any more)

export type ClassStatus =
  | { readonly phase: 'connecting' } // the first time: nothing to show yet
  | { readonly phase: 'live' }
  | { readonly phase: 'reconnecting' } // what is shown may be a little old
  | { readonly phase: 'offline' } // the device itself has no network
  | { readonly phase: 'ended'; readonly reason: EndReason }

/** What became of a command. Commands never throw. */
export type Outcome =
  | { readonly ok: true; readonly seq: bigint }
  | { readonly ok: false; readonly code: Code; readonly message: string }

export const done: Outcome = { ok: true, seq: 0n }
