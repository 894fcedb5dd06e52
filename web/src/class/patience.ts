// How long an attempt or a silence is waited for before it counts as dead. It goes by
// the round trip that was measured: what hangs on a good link is cut soon, and a
// slow link is given its time. Pure.

const unknown = 10_000 // ms
const shortest = 4_000 // ms
const longest = 15_000 // ms

/**
 * Milliseconds that a websocket may take to open and say Hello: TCP, TLS and the
 * upgrade are four round trips, and a queue may double them. Each attempt that was
 * cut gets half as much again, for the link may have got slower since.
 */
export function openPatience(roundTrip: number | undefined, attempt: number): number {
  const usual = roundTrip === undefined ? unknown : 3_000 + 8 * roundTrip
  return Math.min(longest, Math.max(shortest, usual) * 1.5 ** Math.min(attempt, 8))
}

/**
 * Milliseconds in which a socket must answer once the network has changed under it.
 * Coming back costs little; a socket on a lost address never answers.
 */
export function answerPatience(roundTrip: number | undefined): number {
  return Math.min(6_000, 1_500 + 3 * (roundTrip ?? 1_000))
}
