import type { Company } from './company.ts'
import type { Figures } from './figures.ts'

/** A row of the table: a link, who is behind it, and what is promised there. */
export interface Row {
  /** A profile of `preau load link`. */
  readonly profile: string
  readonly about: string
  /** The teacher is behind the link; otherwise the pupil. */
  readonly uplink?: true
  /** More flags of the server that is started. */
  readonly serve?: readonly string[]
  /** What else goes on. */
  readonly company?: Company
  readonly goals: readonly Goal[]
}

/** A row's name: its profile, and what else goes on there. */
export const nameOf = (row: Row): string =>
  row.company ? `${row.profile}+${row.company}` : row.profile

export interface Goal {
  readonly says: string
  readonly reached: (f: Figures) => boolean
}

type Figure = (f: Figures) => number | undefined

const concealed: Figure = (f) => f.concealed
const roundTrip: Figure = (f) => f.roundTrip

/** What was not seen reaches no goal. */
const atMost = (name: string, figure: Figure, bound: number, unit: string): Goal => ({
  says: `${name} ≤ ${bound} ${unit}`,
  reached: (f) => (figure(f) ?? Infinity) <= bound,
})
const atLeast = (name: string, figure: Figure, bound: number, unit: string): Goal => ({
  says: `${name} ≥ ${bound} ${unit}`,
  reached: (f) => (figure(f) ?? -Infinity) >= bound,
})

const link = (percent: number, milliseconds: number): Goal[] => [
  atMost('concealed', concealed, percent, '%'),
  atMost('round trip', roundTrip, milliseconds, 'ms'),
]
const frames = (bound: number) => atLeast('frames', (f) => f.frames, bound, '/s')
const voiceBack = atMost('voice back', (f) => f.change?.voiceBack, 2, 's')

/**
 * The table's own rows. Where the best server shows 0 % and 42 ms on the good link, rounding and a reading's
 * width are allowed for.
 */
const promised: readonly Row[] = [
  {
    profile: 'good',
    about: 'a home’s fibre, 20 ms',
    goals: [
      ...link(0.1, 46),
      frames(14),
      atLeast('picture', (f) => f.width, 1280, 'wide'),
      atMost('join', (f) => f.join, 0.6, 's'),
    ],
  },
  {
    profile: 'lossy-dsl',
    about: '300/200 kb/s, 50 ms, 5 % lost',
    goals: [...link(0.5, 200), frames(8)],
  },
  { profile: 'edge', about: '200 kb/s, 325 ms, 1 %', goals: [...link(1, 850), frames(4)] },
  { profile: 'gprs', about: '80/40 kb/s, 325 ms, 1 %', goals: link(2, 900) },
  { profile: '64', about: '64 kb/s, 150 ms, 2 %', goals: link(2, 550) },
  { profile: '48', about: '48 kb/s, 150 ms, 2 %', goals: link(2, 550) },
  { profile: '32', about: '32 kb/s, 325 ms, 5 %', goals: link(5, 950) },
  {
    profile: 'drop',
    about: '1,200 kb/s, 100 for 25 s, 1,200; 125 ms, 0.5 %',
    goals: [
      atMost('silence', (f) => f.change?.silence, 2.5, 's'),
      atMost('round trip 4 s after', (f) => f.change?.roundTripAfter, 600, 'ms'),
      atMost('picture back', (f) => f.change?.pictureBack, 10, 's'),
    ],
  },
]

const further: readonly Row[] = [
  { profile: 'burst', about: '1,000 kb/s, 50 ms, 3 % in runs of 5', goals: [] },
  { profile: 'mobile', about: '2,000 kb/s, 40 ms and up to 60 more, 0.5 %', goals: [] },
  {
    profile: 'no-udp',
    about: 'UDP blocked, 50 ms',
    goals: [atMost('sound', (f) => f.sound, 5, 's')],
  },
  {
    profile: 'one-port',
    about: 'nothing passes but TCP to port 443, 50 ms',
    serve: ['--port', '443'],
    goals: [atMost('sound', (f) => f.sound, 5, 's')],
  },
  {
    profile: 'address',
    about: 'the pupil’s address changes',
    goals: [atMost('silence', (f) => f.change?.silence, 2.5, 's')],
  },
  { profile: 'outage-5', about: 'nothing passes for 5 s', goals: [voiceBack] },
  { profile: 'outage-20', about: 'nothing passes for 20 s', goals: [voiceBack] },
  { profile: 'outage-60', about: 'nothing passes for 60 s', goals: [voiceBack] },
  { profile: 'uplink-300', about: 'the teacher has 300 kb/s up', uplink: true, goals: [] },
  { profile: 'uplink-loss', about: 'the teacher’s link loses 3 %', uplink: true, goals: [] },
  { profile: 'uplink-drop', about: 'the teacher’s uplink falls for 25 s', uplink: true, goals: [] },
]

/** What is promised of voice and queue, with more going on; frames are shared then. */
const busier = (company: Company): Row[] =>
  promised.map((row) => ({
    ...row,
    company,
    goals: row.goals.filter((g) => /^(concealed|round trip|silence)/.test(g.says)),
  }))

/** Where 300 pupils come in; on the thinnest link a class of 30 is promised. */
const bells = ['lossy-dsl', 'edge', 'gprs', '64', '48']

export const rows: readonly Row[] = [
  ...promised,
  ...further,
  {
    profile: '1000',
    about: '1,000 kb/s, 40 ms, beside a TCP download',
    company: 'download',
    goals: [
      atLeast('download', (f) => f.download, 400, 'kb/s'),
      atMost('concealed', concealed, 1, '%'),
      frames(1),
    ],
  },
  ...busier('bell').filter((row) => bells.includes(row.profile)),
  ...busier('cameras'),
  ...busier('screen'),
]
