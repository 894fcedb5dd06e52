// How livekit-client comes back by itself: for as long as the page wants the room. The
// page ends it; a count of attempts does not.

import type { ReconnectPolicy, RoomConnectOptions } from 'livekit-client'
import { backoff } from '../class/backoff'
import { openPatience } from '../class/patience'

/** The first attempt comes almost at once: most breaks are short. */
const atOnce = 200 // ms

export function reconnectPolicy(random: () => number): ReconnectPolicy {
  return {
    nextRetryDelayInMs: ({ retryCount }) =>
      retryCount === 0 ? Math.round(atOnce * random()) : backoff(retryCount, random()),
  }
}

/** What livekit-client waits for beside the socket: the answer to a join, some kilobytes. */
const answer = 4_000 // ms

/** Hanging attempts are cut by the round trip that /class has measured; a later one gets more. */
export function connectOptions(roundTrip: number | undefined, attempt: number): RoomConnectOptions {
  return {
    websocketTimeout: openPatience(roundTrip, attempt) + answer,
    // The page itself tries again, with another room.
    maxRetries: 0,
  }
}
