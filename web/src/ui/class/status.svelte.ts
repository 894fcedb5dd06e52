import { Source } from '../../gen/class_pb'
import type { DeviceFailure } from '../../media/failure'
import { m } from '../../paraglide/messages.js'
import type { Classroom } from '../../session/classroom'
import { mayRetry, problemText } from '../problem'
import type { Desk } from './desk.svelte'

/** Line is the one thing worth saying now. */
export interface Line {
  text: string
  tone: 'calm' | 'warn'
  act?: { text: string; do: () => void }
  dismiss?: () => void
}

/** What passes by itself and is said until then. */
export interface Passing {
  mutedByTeacher: boolean
  talking: boolean
  forgetMuted: () => void
}

/** lineOf picks the most pressing thing to say; undefined: all is well. */
export function lineOf(room: Classroom, desk: Desk, passing: Passing): Line | undefined {
  return (
    connection(room) ??
    asked(room) ??
    failed(room) ??
    refused(desk) ??
    own(room, passing) ??
    weak(room) ??
    cutBefore(room) ??
    word(room)
  )
}

function connection(room: Classroom): Line | undefined {
  const phase = room.status.phase
  if (phase === 'connecting') return { text: m.status_connecting(), tone: 'calm' }
  if (phase === 'reconnecting' || phase === 'offline') {
    return { text: m.status_reconnecting(), tone: 'warn' }
  }
  if (!room.media.soundBlocked) return undefined
  return {
    text: m.status_autoplay(),
    tone: 'warn',
    act: { text: m.status_autoplay_do(), do: () => void room.media.playSound() },
  }
}

function openMicrophone(room: Classroom): Line['act'] {
  return { text: m.status_word_open(), do: () => void room.media.setMicrophone(true) }
}

function asked(room: Classroom): Line | undefined {
  if (!room.moments.unmuteAsked || room.media.microphone.state === 'on') return undefined
  return {
    text: room.people.isTeacher ? m.status_unmute_asked_teacher() : m.status_unmute_asked_pupil(),
    tone: 'calm',
    act: openMicrophone(room),
    dismiss: () => room.moments.dismissUnmute(),
  }
}

function failed(room: Classroom): Line | undefined {
  const { microphone, camera, screen } = room.media
  for (const failure of [microphone.failure, camera.failure, screen.failure]) {
    const line = failureLine(room, failure)
    if (line) return line
  }
  return undefined
}

function failureLine(room: Classroom, failure: DeviceFailure | undefined): Line | undefined {
  const text = problemText(failure, room.people.isTeacher)
  if (!failure || text === undefined) return undefined
  const { device, kind } = failure
  const again = {
    microphone: () => void room.media.setMicrophone(true),
    camera: () => void room.media.setCamera(true),
    screen: () => void room.media.setScreen(true),
  }[device]
  return {
    text,
    tone: 'warn',
    ...(mayRetry(kind) ? { act: { text: m.retry(), do: again } } : {}),
    dismiss: () => room.media.dismissFailure(device),
  }
}

function refused(desk: Desk): Line | undefined {
  if (desk.refusal === undefined) return undefined
  return { text: desk.refusal, tone: 'warn', dismiss: () => (desk.refusal = undefined) }
}

const toPupil = {
  talking: m.status_talk_hold_pupil,
  word: m.status_word_pupil,
  muted: m.status_muted_pupil,
}
const toTeacher = {
  talking: m.status_talk_hold_teacher,
  word: m.status_word_teacher,
  muted: m.status_muted_teacher,
}

function own(room: Classroom, passing: Passing): Line | undefined {
  const open = room.media.microphone.state === 'on'
  const said = room.people.isTeacher ? toTeacher : toPupil
  if (passing.talking) return { text: said.talking(), tone: 'calm' }
  if (!open && hasWord(room)) {
    return { text: said.word(), tone: 'calm', act: openMicrophone(room) }
  }
  if (!passing.mutedByTeacher || open) return undefined
  return { text: said.muted(), tone: 'calm', dismiss: passing.forgetMuted }
}

function hasWord(room: Classroom): boolean {
  return room.me !== undefined && room.people.word.has(room.me.id)
}

/** Whoever speaks already need not be told before what goes amiss. */
function word(room: Classroom): Line | undefined {
  const said = room.people.isTeacher ? toTeacher : toPupil
  return hasWord(room) ? { text: said.word(), tone: 'calm' } : undefined
}

const why = { wish: m.saver_wish, device: m.saver_device, link: m.saver_link }

function spared(room: Classroom): Line | undefined {
  const { saver, cameraCut } = room.media
  if (!saver) return undefined
  const cut = room.people.isTeacher ? m.saver_cut_teacher : m.saver_cut_pupil
  return {
    text: cameraCut ? `${why[saver]()} ${cut()}` : why[saver](),
    tone: 'calm',
    act: { text: m.saver_show(), do: () => room.media.setSaver(false) },
  }
}

/** Pictures are back, but for one's own: whether it is to be seen again is for its owner to say. */
function cutBefore({ media, people }: Classroom): Line | undefined {
  if (media.saver || !media.cameraCut) return undefined
  return {
    text: people.isTeacher ? m.saver_was_cut_teacher() : m.saver_was_cut_pupil(),
    tone: 'calm',
    act: { text: m.bar_camera_turn_on(), do: () => void media.setCamera(true) },
    dismiss: () => media.forgetCut(),
  }
}

/** The stage's picture does not come: its last frame says nothing of that. */
function paused({ stage, media, people }: Classroom): Line | undefined {
  if (stage.kind === 'empty') return undefined
  const screen = stage.kind === 'screen'
  const without = media.withoutPicture(stage.participant, screen ? Source.SCREEN : Source.CAMERA)
  if (without !== 'paused') return undefined
  const text = screen
    ? m.status_paused_screen()
    : m.status_paused({ name: people.name(stage.participant) })
  return { text, tone: 'calm' }
}

function weak(room: Classroom): Line | undefined {
  if (room.media.status === 'reconnecting') {
    return { text: m.status_media_reconnecting(), tone: 'warn' }
  }
  const link = room.me ? room.media.quality(room.me.id) : 'unknown'
  const left = spared(room) ?? paused(room)
  if (left) return left
  return link === 'weak' ? { text: m.status_weak(), tone: 'calm' } : undefined
}
