// When pictures of people are left out, so that voices and the shared screen come
// through. The server leaves pictures out by itself as long as a link is short of
// room; this goes further where that lasts, or where the person or the device asks.
//
//   open ──weak, pictures held back, or lost, for 8 s──▶ saving
//    ▲                                                     │ good for as long as patience says
//    └─────────────────────────────────────────────────────┘
//
// Whoever asks to see the pictures sees them until they leave. Pure.

import type { LinkQuality } from './others'

export type SaverReason = 'wish' | 'device' | 'link'

export interface Sensed {
  /** The person's own setting. */
  readonly wish: boolean
  /** The device saves data, or says that its network is of the slowest kind. */
  readonly device: boolean
  readonly link: LinkQuality
  /** The server holds pictures back, for want of bandwidth. */
  readonly starved: boolean
}

export interface SaverState {
  readonly saving: boolean // for the link's sake
  /** Since when the link has said the opposite of `saving`, ms; undefined: it agrees. */
  readonly otherwise: number | undefined
  /** When saving ended last, ms, and after how long a good link: a link that deceives is tried less often. */
  readonly opened: number
  readonly patience: number
  /** The person has asked to see the pictures all the same. */
  readonly declined: boolean
}

const sureBad = 8_000 // ms
const firstPatience = 8_000 // ms
const longestPatience = 300_000 // ms
/** A link that is weak again so soon after was not good. */
const relapse = 60_000 // ms

export const atFirst: SaverState = {
  saving: false,
  otherwise: undefined,
  opened: -Infinity,
  patience: firstPatience,
  declined: false,
}

export function step(s: SaverState, sensed: Sensed, now: number): SaverState {
  if (s.saving) return sensed.link === 'good' ? opening(s, now) : agreed(s)
  const bad = sensed.link === 'lost' || (sensed.link === 'weak' && sensed.starved)
  return bad ? closing(s, now) : agreed(s)
}

/** The person wants to see the pictures: nothing but their own wish leaves them out any more. */
export function decline(s: SaverState): SaverState {
  return { ...s, saving: false, otherwise: undefined, declined: true }
}

/** Why pictures are left out now; undefined: they are not. */
export function reasonOf(s: SaverState, { wish, device }: Sensed): SaverReason | undefined {
  if (wish) return 'wish'
  if (s.declined) return undefined
  if (device) return 'device'
  return s.saving ? 'link' : undefined
}

function agreed(s: SaverState): SaverState {
  return s.otherwise === undefined ? s : { ...s, otherwise: undefined }
}

function closing(s: SaverState, now: number): SaverState {
  const otherwise = s.otherwise ?? now
  if (now - otherwise < sureBad) return { ...s, otherwise }
  const deceived = otherwise - s.opened < relapse
  const patience = deceived ? Math.min(s.patience * 4, longestPatience) : firstPatience
  return { ...s, saving: true, otherwise: undefined, patience }
}

function opening(s: SaverState, now: number): SaverState {
  const otherwise = s.otherwise ?? now
  if (now - otherwise < s.patience) return { ...s, otherwise }
  return { ...s, saving: false, otherwise: undefined, opened: now }
}

interface NetworkInformation {
  readonly saveData?: boolean
  readonly effectiveType?: string
}

/** What Chromium tells of the network (Network Information API); elsewhere nothing. */
export function deviceSaves(device: object): boolean {
  const { connection } = device as { connection?: NetworkInformation }
  const { saveData, effectiveType } = connection ?? {}
  return saveData === true || effectiveType === '2g' || effectiveType === 'slow-2g'
}
