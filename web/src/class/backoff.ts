// How long to wait before the next attempt. A server that restarts meets all its
// pupils at once: jitter spreads them. A link that comes back should not be waited
// for long: a device that believes itself online tries every other second.

const first = 300 // ms
const longest = 2_000

/** Milliseconds before attempt n (from 0); random is from 0 to 1. */
export function backoff(attempt: number, random: number): number {
  const ceiling = Math.min(longest, first * 2 ** Math.min(attempt, 16))
  return Math.round(ceiling * (0.5 + random / 2))
}
