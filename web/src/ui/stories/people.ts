import { create, type MessageInitShape } from '@bufbuild/protobuf'
import {
  ChatMessageSchema,
  LocksSchema,
  ParticipantSchema,
  PermissionsSchema,
  Phase,
  Presence,
  Role,
  Source,
  StateSchema,
  TrackKind,
  TrackSchema,
  type ChatMessage,
  type Participant,
  type State,
  type Track,
} from '../../gen/class_pb'

const names = [
  'Mme Kaboré', 'Amina', 'Léo', 'Zoé', 'Ibrahim', 'Chloé', 'Mamadou', 'Inès', 'Jean-Baptiste',
  'Fatoumata', 'Noé', 'Yasmine', 'Théo', 'Awa', 'Lucas', 'Salimata', 'Hugo', 'Maëlle', 'Ousmane',
  'Élise', 'Moussa', 'Jade', 'Adama', 'Louise', 'Anne-Charlotte de La Rochefoucauld',
] // prettier-ignore

/** person is the nth of the class; 0 is the teacher. */
export function person(index: number, presence = Presence.PRESENT): Participant {
  const round = Math.floor(index / names.length)
  const name = `${names[index % names.length] ?? ''}${round > 0 ? ` ${round + 1}` : ''}`
  return create(ParticipantSchema, {
    id: `P_${index}`,
    role: index === 0 ? Role.TEACHER : Role.PUPIL,
    presence,
    profile: { identity: `u-${index}`, name },
    order: BigInt(index + 1),
  })
}

/** track is one of a person's sources. */
export function track(index: number, source: Source, muted = false): Track {
  const audio = source === Source.MICROPHONE
  return create(TrackSchema, {
    sid: `TR_${index}_${source}`,
    participant: `P_${index}`,
    source,
    kind: audio ? TrackKind.AUDIO : TrackKind.VIDEO,
    muted,
  })
}

export interface Scene {
  size: number
  cameras?: readonly number[]
  open?: readonly number[]
  screen?: number
  hands?: readonly number[]
  word?: readonly number[]
  waiting?: number
  waitingNames?: readonly string[]
  /** Who is not here. */
  absent?: readonly number[]
  banned?: readonly number[]
  roles?: Readonly<Record<number, Role>>
  permissions?: Readonly<Record<number, MessageInitShape<typeof PermissionsSchema>>>
  locks?: MessageInitShape<typeof LocksSchema>
  spotlight?: number
  chat?: readonly ChatMessage[]
  title?: string
}

/** message is one of the chat, minutes after nine. */
export function message(
  from: number,
  text: string,
  minute: number,
  to?: 'teachers' | number,
): ChatMessage {
  return create(ChatMessageSchema, {
    id: `CM_${minute}_${from}`,
    from: `P_${from}`,
    text,
    timeMs: BigInt(Date.UTC(2026, 10, 23, 9, minute)),
    to: {
      to:
        to === undefined
          ? { case: 'everyone', value: true }
          : to === 'teachers'
            ? { case: 'teachers', value: true }
            : { case: 'participant', value: `P_${to}` },
    },
  })
}

function inScene(scene: Scene, index: number): Participant {
  const out = scene.absent?.includes(index) === true || scene.banned?.includes(index) === true
  const one = person(index, out ? Presence.GONE : Presence.PRESENT)
  one.role = scene.roles?.[index] ?? one.role
  one.banned = scene.banned?.includes(index) ?? false
  one.permissions = create(PermissionsSchema, scene.permissions?.[index])
  return one
}

/** classOf is the state that a scene amounts to. */
export function classOf(scene: Scene): State {
  const people = Array.from({ length: scene.size }, (_, index) => inScene(scene, index))
  const first = scene.size
  for (let i = 0; i < (scene.waiting ?? 0); i++) {
    const one = person(first + i, Presence.WAITING)
    const name = scene.waitingNames?.[i]
    if (one.profile && name) one.profile.name = name
    people.push(one)
  }
  const tracks = [
    ...(scene.cameras ?? []).map((index) => track(index, Source.CAMERA)),
    ...(scene.open ?? []).map((index) => track(index, Source.MICROPHONE)),
    ...(scene.screen === undefined ? [] : [track(scene.screen, Source.SCREEN)]),
  ]
  return create(StateSchema, {
    session: 'RM_story',
    name: 'story',
    title: scene.title ?? '5e B · Photosynthèse',
    code: '7K3MQ2XA',
    phase: Phase.OPEN,
    lobby: (scene.waiting ?? 0) > 0,
    locks: create(LocksSchema, scene.locks ?? { screen: true, privateChat: true }),
    spotlight: scene.spotlight === undefined ? '' : `P_${scene.spotlight}`,
    participants: Object.fromEntries(people.map((p) => [p.id, p])),
    hands: (scene.hands ?? []).map((index) => `P_${index}`),
    word: (scene.word ?? []).map((index) => `P_${index}`),
    tracks: Object.fromEntries(tracks.map((t) => [t.sid, t])),
    chat: [...(scene.chat ?? [])],
  })
}
