import { Role, Switch } from '../../gen/class_pb'
import type { Classroom } from '../../session/classroom'
import { fakeRoom } from './fake.svelte'
import type { RoomName } from './names'
import { classOf, message } from './people'

const talk = [
  message(0, 'Bonjour à tous ! Page 42 du livre.', 1),
  message(3, 'Bonjour madame', 2),
  message(1, 'Je n’entends pas très bien', 3, 'teachers'),
  message(0, 'Rapproche-toi du routeur si tu peux, Amina.', 4, 1),
  message(2, 'La lumière sert à faire du sucre ?\nComme dans la canne à sucre ?', 5),
  { ...message(4, '', 6), deleted: true },
]

const lesson = {
  size: 25,
  cameras: [0, 1, 2, 3, 4, 5, 6, 7, 8, 24],
  open: [0, 2],
  screen: 0,
  hands: [1, 6, 24],
  word: [2],
  waiting: 2,
  chat: talk,
}

/** Rooms by the story's name. */
export const scenes: Record<RoomName, () => Classroom> = {
  // The picture in README.md: a pupil presents, the teacher sees who asks and who waits.
  'class-lesson': () =>
    fakeRoom(
      classOf({
        size: 12,
        cameras: [0, 1, 2, 3, 4, 5, 6],
        open: [0, 2],
        screen: 2,
        roles: { 2: Role.PRESENTER },
        hands: [6, 4],
        waiting: 1,
        waitingNames: ['Bastien'],
        chat: talk,
      }),
      { me: 0, microphone: true, camera: true, speakers: [2], weak: [5], reactions: [[1, '👏']] },
    ),
  'class-teacher': () =>
    fakeRoom(classOf(lesson), {
      me: 0,
      microphone: true,
      camera: true,
      speakers: [2],
      weak: [3],
      unread: 3,
      reactions: [
        [1, '👏'],
        [2, '👍'],
      ],
    }),
  'class-pupil': () =>
    fakeRoom(classOf(lesson), {
      me: 1,
      speakers: [0],
      weak: [1],
      unread: 2,
      reactions: [[2, '👍']],
    }),
  'class-person': () =>
    fakeRoom(classOf({ ...lesson, screen: undefined }), {
      me: 4,
      microphone: true,
      speakers: [0],
    }),
  'class-alone': () =>
    fakeRoom(classOf({ size: 1, title: '6e A · Mathématiques' }), { me: 0, microphone: true }),
  'class-voice': () =>
    fakeRoom(classOf({ size: 12, open: [0] }), { me: 3, speakers: [0], unmuteAsked: true }),
  'class-waiting-for-teacher': () =>
    fakeRoom(classOf({ size: 6, absent: [0] }), { me: 3, microphone: false }),
  // What the teacher sees of links: weak, without pictures, gone for a moment.
  'class-links': () =>
    fakeRoom(classOf({ ...lesson, size: 9, hands: [], word: [], waiting: 0 }), {
      me: 0,
      microphone: true,
      weak: [1, 3],
      without: [3, 5],
      away: [4],
    }),
  // A class that was moderated: mute and keep muted, a spotlight, exceptions, an
  // observer, a recording, somebody banned; the teacher was called on by another.
  'class-moderated': () =>
    fakeRoom(
      classOf({
        ...lesson,
        size: 9,
        screen: undefined,
        cameras: [0, 1, 2, 3, 5],
        hands: [1],
        word: [0, 2],
        waiting: 0,
        banned: [8],
        locks: { unmute: true, screen: true, privateChat: true },
        spotlight: 2,
        roles: { 4: Role.PRESENTER, 5: Role.OBSERVER, 6: Role.TEACHER, 7: Role.RECORDER },
        permissions: { 1: { microphone: Switch.ALLOWED, chat: Switch.DENIED } },
      }),
      { me: 0 },
    ),
  'class-locked': () =>
    fakeRoom(
      classOf({
        ...lesson,
        locks: { microphone: true, camera: true, screen: true, chat: true },
        word: [],
      }),
      { me: 3 },
    ),
  'class-reconnecting': () =>
    fakeRoom(classOf(lesson), { me: 3, status: { phase: 'reconnecting' } }),
  'class-sound': () => fakeRoom(classOf(lesson), { me: 3, soundBlocked: true }),
  'class-denied': () =>
    fakeRoom(classOf(lesson), { me: 3, failure: { device: 'microphone', kind: 'denied' } }),
  // A weak link: the phone has left cameras out, its own too.
  'class-saving': () =>
    fakeRoom(classOf({ ...lesson, cameras: [0, 1, 2] }), {
      me: 3,
      saver: 'link',
      cameraCut: true,
      weak: [3],
    }),
  // It is better again: the camera comes back by its owner's hand.
  'class-saved': () =>
    fakeRoom(classOf({ ...lesson, cameras: [0, 1, 2] }), { me: 3, cameraCut: true }),
  'class-saving-teacher': () =>
    fakeRoom(classOf({ ...lesson, screen: undefined, cameras: [1, 2], spotlight: 2 }), {
      me: 0,
      microphone: true,
      saver: 'wish',
      cameraCut: true,
    }),
  // The server holds pictures back: the stage's, and two of the strip.
  'class-paused': () =>
    fakeRoom(classOf({ ...lesson, screen: undefined }), { me: 3, paused: [0, 1, 2], weak: [3] }),
  'class-300': () =>
    fakeRoom(
      classOf({
        size: 300,
        cameras: [0, ...Array.from({ length: 40 }, (_, i) => i + 5)],
        open: [0],
        hands: [9, 200, 33, 71],
      }),
      { me: 0, microphone: true },
    ),
}
