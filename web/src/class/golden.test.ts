// Replays the logs that the server's reducer wrote: both must come to the same.

import { fromJson, toJson, type JsonValue } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { EventSchema, StateSchema, type Event, type State } from '../gen/class_pb'
import { apply, emptyState, knows } from './reduce'
import { stageOf } from './stage'

const files = import.meta.glob<string>('../../../signaling/class/testdata/*.*json*', {
  query: '?raw',
  import: 'default',
  eager: true,
})
const names = Object.keys(files).flatMap((path) => /([^/]+)\.jsonl$/.exec(path)?.[1] ?? [])

interface Segment {
  readonly from: JsonValue
  readonly heard: readonly number[] | null
  readonly through: number
  readonly state: JsonValue
}

const text = (name: string) => files[`../../../signaling/class/testdata/${name}`] ?? ''

function log(name: string): Event[] {
  const lines = text(`${name}.jsonl`).split('\n').filter(Boolean)
  return lines.map((line) => fromJson(EventSchema, JSON.parse(line) as JsonValue))
}

function state(json: JsonValue): State {
  return fromJson(StateSchema, json)
}

/** As the protobuf JSON mapping writes it, so that an empty list and none are the same. */
function written(s: State): JsonValue {
  return toJson(StateSchema, s)
}

it('there are golden logs', () => {
  expect(names.length).toBeGreaterThan(0)
})

describe.each(names)('golden log %s', (name) => {
  const events = log(name)

  it('has no event that this page does not know', () => {
    expect(events.filter((e) => !knows(e))).toEqual([])
  })

  it('amounts to the state that the server came to', () => {
    const after = events.reduce(apply, emptyState())
    const expected = JSON.parse(text(`${name}.state.json`)) as JsonValue
    expect(written(after)).toEqual(written(state(expected)))
  })

  it('amounts to what the server came to after each event', () => {
    const states = text(`${name}.states.ndjson`).split('\n').filter(Boolean)
    expect(states.length).toBe(events.length)
    let after = emptyState()
    for (const [i, event] of events.entries()) {
      after = apply(after, event)
      const expected = JSON.parse(states[i]!) as JsonValue
      expect(written(after), `after ${event.seq}`).toEqual(written(state(expected)))
    }
  })

  it('amounts to each view that the server kept', () => {
    const bySeq = new Map(events.map((e) => [Number(e.seq), e]))
    const views = JSON.parse(text(`${name}.views.json`)) as Record<string, Segment[]>
    for (const [viewer, segments] of Object.entries(views)) {
      for (const [i, segment] of segments.entries()) {
        const heard = (segment.heard ?? []).map((seq) => bySeq.get(seq)!)
        const after = heard.reduce(apply, state(segment.from))
        const seen = { ...after, seq: BigInt(segment.through) }
        expect(written(seen), `${viewer}, segment ${i}`).toEqual(written(state(segment.state)))
      }
    }
  })

  it('puts the same on the stage for who comes late as for who was there', () => {
    let there = emptyState()
    for (const event of events) {
      there = apply(there, event)
      const tracks = Object.entries(there.tracks).sort(([a], [b]) => (a < b ? -1 : 1))
      for (const order of [tracks, tracks.toReversed()]) {
        // the wire has none
        const late = { ...state(written(there)), tracks: Object.fromEntries(order) }
        expect(stageOf(late), `after ${event.seq}`).toEqual(stageOf(there))
      }
    }
  })

  it('never changes a state that it was given', () => {
    let before = emptyState()
    for (const event of events) {
      const kept = structuredClone(before)
      const after = apply(before, event)
      expect(before).toEqual(kept)
      before = after
    }
  })

  it('applied twice changes nothing more', () => {
    const after = events.reduce(apply, emptyState())
    expect(events.reduce(apply, after)).toBe(after)
  })
})
