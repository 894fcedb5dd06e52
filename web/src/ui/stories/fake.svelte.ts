import { done, type ClassStatus, type Outcome } from '../../class/status'
import { stageOf } from '../../class/stage'
import * as ask from '../../class/questions'
import { Source, type State } from '../../gen/class_pb'
import { Code } from '../../gen/command_pb'
import type { DeviceFailure } from '../../media/failure'
import { linkState } from '../../media/report'
import type { VideoSource } from '../../media/picture'
import type {
  Chat,
  ClassActions,
  ClassMedia,
  Classroom,
  Moments,
  People,
  SaverReason,
} from '../../session/classroom'
import { drawn } from './pictures'

/** Staged is what a story says of the moment beside the class's state. */
export interface Staged {
  me: number
  status?: ClassStatus
  speakers?: readonly number[]
  weak?: readonly number[]
  /** Whose pictures the server holds back. */
  paused?: readonly number[]
  /** Whose pages tell that they have no pictures, and whose come back just now. */
  without?: readonly number[]
  away?: readonly number[]
  saver?: SaverReason
  cameraCut?: boolean
  unread?: number
  microphone?: boolean
  camera?: boolean
  failure?: DeviceFailure
  soundBlocked?: boolean
  unmuteAsked?: boolean
  reactions?: readonly (readonly [number, string])[]
}

const no = (): Promise<void> => Promise.resolve()
const yes = (): Promise<Outcome> => Promise.resolve(done)
const refused = (): Promise<Outcome> =>
  Promise.resolve({ ok: false, code: Code.FORBIDDEN, message: '' })

/** fakeRoom is a class in which nothing happens but what was staged. */
export function fakeRoom(view: State, staged: Staged): Classroom {
  const me = `P_${staged.me}`
  return {
    status: staged.status ?? { phase: 'live' },
    view,
    me: view.participants[me],
    people: people(view, me),
    chat: chat(view, me, staged),
    stage: stageOf(view),
    media: media(view, me, staged),
    moments: moments(staged),
    actions: actions(),
    now: () => Date.now(),
    dispose: () => undefined,
  }
}

function people(view: State, me: string): People {
  return {
    isTeacher: ask.isTeacher(view, me),
    waiting: ask.isWaiting(view, me),
    present: ask.presentPeople(view),
    hidden: ask.hiddenPeople(view),
    lobby: ask.isTeacher(view, me) ? ask.lobbyPeople(view) : [],
    banned: ask.bannedPeople(view),
    hands: ask.handsInOrder(view),
    myHand: ask.placeInQueue(view, me),
    word: new Set(view.word),
    recorded: ask.isRecorded(view),
    name: (id) => view.participants[id]?.profile?.name ?? '',
    microphone: (id) => ask.microphoneOf(view, id),
    may: (what) => ask.may(view, me, what),
    mayUnmute: ask.mayUnmute(view, me),
    mayChat: ask.mayChat(view, me),
  }
}

function chat(view: State, me: string, staged: Staged): Chat {
  return {
    messages: view.chat,
    pending: [],
    unread: staged.unread ?? 0,
    markRead: () => undefined,
    send: () => undefined,
    retry: () => undefined,
    drop: () => undefined,
    remove: yes,
    mayWritePrivatelyTo: (id) => ask.mayWriteTo(view, me, id),
  }
}

function media(view: State, me: string, staged: Staged): ClassMedia {
  const source = (on: boolean | undefined, failure?: DeviceFailure) => ({
    state: on ? ('on' as const) : ('off' as const),
    failure,
  })
  const shown = (id: string, what: VideoSource) =>
    ask.tracksOf(view, id, what).length > 0 ? drawn(id, what, id === me) : undefined
  const spared = (id: string, what: VideoSource) =>
    staged.saver !== undefined && what === Source.CAMERA && id !== me
  return {
    status: 'live',
    microphone: source(staged.microphone, staged.failure),
    camera: source(staged.camera),
    screen: source(
      Object.values(view.tracks).some((t) => t.source === Source.SCREEN && t.participant === me),
    ),
    speakers: (staged.speakers ?? []).map((index) => `P_${index}`),
    level: () => 0.5,
    soundBlocked: staged.soundBlocked ?? false,
    playSound: no,
    picture: (id, what) => (spared(id, what) ? undefined : shown(id, what)),
    withoutPicture: (id, what) => {
      if (!shown(id, what)) return undefined
      if (spared(id, what)) return 'spared'
      return staged.paused?.some((index) => `P_${index}` === id) ? 'paused' : undefined
    },
    saver: staged.saver,
    cameraCut: staged.cameraCut ?? false,
    forgetCut: () => undefined,
    setSaver: () => undefined,
    setMicrophone: no,
    setCamera: no,
    setScreen: no,
    dismissFailure: () => undefined,
    devices: {
      audioinput: [
        { id: 'a', label: 'Micro interne' },
        { id: 'b', label: 'Casque USB' },
      ],
      videoinput: [{ id: 'c', label: '' }],
      audiooutput: [],
    },
    chosen: { audioinput: 'b', videoinput: '', audiooutput: '' },
    choose: no,
    linkOf: (id) => {
      const is = (list: readonly number[] = []) => list.some((index) => `P_${index}` === id)
      return linkState(
        is(staged.away),
        is(staged.weak) ? 'weak' : 'good',
        is(staged.without) ? 40 : 0,
      )
    },
    quality: (id) => (staged.weak?.some((index) => `P_${index}` === id) ? 'weak' : 'good'),
  }
}

function moments(staged: Staged): Moments {
  return {
    listen: () => () => undefined,
    reactions: (staged.reactions ?? []).map(([from, emoji], key) => ({
      key,
      from: `P_${from}`,
      emoji,
    })),
    unmuteAsked: staged.unmuteAsked ?? false,
    dismissUnmute: () => undefined,
  }
}

function actions(): ClassActions {
  return {
    raiseHand: yes, lowerHand: yes, react: refused, leave: yes, lowerAllHands: yes, giveWord: yes,
    takeWord: yes, mute: yes, muteAll: yes, askUnmute: yes, admit: yes, admitAll: yes, refuse: yes,
    remove: yes, unban: yes, setRole: yes, setLocks: yes, setLobby: yes, setPermissions: yes,
    setSpotlight: yes, setTitle: yes, end: yes,
  } // prettier-ignore
}
