// What stands on the stage: the biggest thing on the screen. It changes only by
// an act (somebody shares, a teacher spotlights), never by who speaks.

import { Presence, Role, Source, type Participant, type State, type Track } from '../gen/class_pb'

export type Stage =
  | { readonly kind: 'screen'; readonly participant: string } // a shared screen
  | { readonly kind: 'person'; readonly participant: string } // spotlight or teacher
  | { readonly kind: 'empty' } // no teacher here yet

/** A shared screen first, a teacher's before others' and the latest of equals; then the spotlight; then the teacher. */
export function stageOf(s: State): Stage {
  const screen = screenOnStage(s)
  if (screen) return { kind: 'screen', participant: screen.participant }
  if (s.spotlight && isHere(s.participants[s.spotlight])) {
    return { kind: 'person', participant: s.spotlight }
  }
  const teacher = leadingTeacher(s)
  return teacher ? { kind: 'person', participant: teacher.id } : { kind: 'empty' }
}

function screenOnStage(s: State): Track | undefined {
  const weight = (t: Track) => {
    if (t.participant === s.spotlight) return 0
    return s.participants[t.participant]?.role === Role.TEACHER ? 1 : 2
  }
  return Object.values(s.tracks)
    .filter((t) => t.source === Source.SCREEN)
    .sort((a, b) => weight(a) - weight(b) || latestFirst(a, b))[0]
}

/**
 * By when they were published, which the class notes: a snapshot lists tracks in no
 * order. Those of a log from before that was noted stand by their sids, so that all
 * who are there see the same.
 */
function latestFirst(a: Track, b: Track): number {
  return Number(b.order - a.order) || (a.sid < b.sid ? 1 : -1)
}

function leadingTeacher(s: State): Participant | undefined {
  return Object.values(s.participants)
    .filter((p) => p.role === Role.TEACHER && isHere(p))
    .sort((a, b) => Number(a.order - b.order))[0]
}

function isHere(p: Participant | undefined): boolean {
  return p?.presence === Presence.PRESENT || p?.presence === Presence.AWAY
}
