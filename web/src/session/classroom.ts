// What the screens may read of a class and do in it. Every property is reactive
// (Svelte runes stand behind the getters) and has no setter: only actions change
// things, and the server decides.

import type { ChatMessage, Participant, Role, State, Switch } from '../gen/class_pb'
import type { ClassStatus, Outcome } from '../class/status'
import type { Moment } from '../class/moments'
import type { Stage } from '../class/stage'
import type { DeviceFailure } from '../media/failure'
import type { Picture, VideoSource } from '../media/picture'
import type { LinkState } from '../media/report'
import type { SaverReason } from '../media/saver'

export type { LinkState, Moment, SaverReason }

export interface Classroom {
  readonly status: ClassStatus
  /** One's own view of the class, as the server told it. Immutable. */
  readonly view: State
  readonly me: Participant | undefined
  readonly people: People
  readonly chat: Chat
  readonly stage: Stage
  readonly media: ClassMedia
  readonly moments: Moments
  readonly actions: ClassActions
  /** The server's clock, Unix ms. Not reactive. */
  now(): number
  /** Leaves media and sockets behind without a word (the tab goes elsewhere). */
  dispose(): void
}

export interface People {
  readonly isTeacher: boolean
  /** In the lobby, not let in yet. */
  readonly waiting: boolean
  /** Who is in the class and may be shown: teachers first, then by order of arrival. */
  readonly present: readonly Participant[]
  /** Hidden observers and recorders (teachers see them). */
  readonly hidden: readonly Participant[]
  /** Who knocks. Empty for pupils. */
  readonly lobby: readonly Participant[]
  /** Who was banned. Empty for pupils. */
  readonly banned: readonly Participant[]
  /** Raised hands, first raised first. */
  readonly hands: readonly Participant[]
  /** One's place in the queue from 1; 0: hand not raised. */
  readonly myHand: number
  /** Ids of who was given the word. */
  readonly word: ReadonlySet<string>
  readonly recorded: boolean
  name(id: string): string
  /** Somebody's microphone: 'off' also when there is none. */
  microphone(id: string): 'on' | 'off'
  may(source: 'microphone' | 'camera' | 'screen'): boolean
  /** May one switch the microphone on now? False while pupils may not unmute themselves. */
  readonly mayUnmute: boolean
  readonly mayChat: boolean
}

export type ChatTo = 'everyone' | 'teachers' | { readonly participant: string }

export interface PendingMessage {
  readonly key: string
  readonly to: ChatTo
  readonly text: string
  /** Set when the server refused it; it stays until retried or dropped. */
  readonly failed: Outcome | undefined
}

export interface Chat {
  readonly messages: readonly ChatMessage[]
  /** Sent, not heard back yet: shown below the messages. */
  readonly pending: readonly PendingMessage[]
  readonly unread: number
  /** The person sees the chat up to its end. */
  markRead(): void
  send(text: string, to: ChatTo): void
  retry(key: string): void
  drop(key: string): void
  remove(id: string): Promise<Outcome>
  /** To whom one may write privately now. */
  readonly mayWritePrivatelyTo: (id: string) => boolean
}

export interface ShownReaction {
  readonly key: number
  readonly from: string
  readonly emoji: string
}

export interface Moments {
  /** Calls the listener for each moment; the function returned ends that. */
  listen(listener: (moment: Moment) => void): () => void
  /** Reactions of the last seconds; they vanish by themselves. */
  readonly reactions: readonly ShownReaction[]
  /** A teacher asked to switch the microphone on; cleared by doing so or by dismissing. */
  readonly unmuteAsked: boolean
  dismissUnmute(): void
}

export type OwnState = 'off' | 'starting' | 'on'

export interface OwnSource {
  readonly state: OwnState
  /** Why the last attempt failed; cleared by the next one. */
  readonly failure: DeviceFailure | undefined
}

export type MediaStatus = 'idle' | 'connecting' | 'live' | 'reconnecting'

export type DeviceKind = 'audioinput' | 'videoinput' | 'audiooutput'

export interface DeviceChoice {
  readonly id: string
  /** Empty before permission: show a number instead. */
  readonly label: string
}

/** spared: left out by oneself or by one's device. paused: the server holds it back. */
export type WithoutPicture = 'spared' | 'paused'

export interface ClassMedia {
  readonly status: MediaStatus
  readonly microphone: OwnSource
  readonly camera: OwnSource
  readonly screen: OwnSource
  /** Ids of who speaks now, loudest first. */
  readonly speakers: readonly string[]
  /** 0 to 1; not reactive, read it in an animation frame. */
  level(id: string): number
  /** The browser waits for a touch before it plays sound: offer a button that calls playSound(). */
  readonly soundBlocked: boolean
  playSound(): Promise<void>
  /** Somebody's camera or screen, if there is one to show now. */
  picture(id: string, source: VideoSource): Picture | undefined
  setMicrophone(on: boolean): Promise<void>
  setCamera(on: boolean): Promise<void>
  setScreen(on: boolean): Promise<void>
  dismissFailure(device: 'microphone' | 'camera' | 'screen'): void
  /** Devices of a kind, and which is used ('' the system's own choice). */
  readonly devices: Readonly<Record<DeviceKind, readonly DeviceChoice[]>>
  readonly chosen: Readonly<Record<DeviceKind, string>>
  choose(kind: DeviceKind, id: string): Promise<void>
  /** Why somebody's picture, which there is, does not come now. */
  withoutPicture(id: string, source: VideoSource): WithoutPicture | undefined
  /** Why others' cameras are left out; undefined: they are not. */
  readonly saver: SaverReason | undefined
  /** One's own camera was switched off with them, and has not been switched on since. */
  readonly cameraCut: boolean
  /** That is as well. */
  forgetCut(): void
  /** False: show pictures again, whatever the device and the link say. */
  setSaver(on: boolean): void
  /** Quality of a person's link as the media server sees it. */
  quality(id: string): 'good' | 'weak' | 'lost' | 'unknown'
  /** What a teacher should know of a person's link, first things first. */
  linkOf(id: string): LinkState
}

export interface LockChanges {
  readonly microphone?: boolean
  readonly camera?: boolean
  readonly screen?: boolean
  readonly chat?: boolean
  readonly unmute?: boolean
  readonly privateChat?: boolean
}

export interface PermissionChanges {
  readonly microphone?: Switch
  readonly camera?: Switch
  readonly screen?: Switch
  readonly chat?: Switch
}

/** Everybody's and the teacher's acts. Each resolves to its outcome and never rejects. */
export interface ClassActions {
  raiseHand(): Promise<Outcome>
  /** One's own, or somebody's. */
  lowerHand(id?: string): Promise<Outcome>
  react(emoji: string): Promise<Outcome>
  /** Says goodbye and ends media; status becomes ended(left). */
  leave(): Promise<Outcome>

  lowerAllHands(): Promise<Outcome>
  giveWord(id: string): Promise<Outcome>
  takeWord(id: string): Promise<Outcome>
  /** Mutes somebody's microphone. */
  mute(id: string): Promise<Outcome>
  muteAll(lock: boolean): Promise<Outcome>
  askUnmute(id: string): Promise<Outcome>
  admit(ids: readonly string[]): Promise<Outcome>
  admitAll(): Promise<Outcome>
  refuse(ids: readonly string[]): Promise<Outcome>
  remove(id: string, ban: boolean): Promise<Outcome>
  unban(id: string): Promise<Outcome>
  setRole(id: string, role: Role): Promise<Outcome>
  setLocks(changes: LockChanges): Promise<Outcome>
  setLobby(on: boolean): Promise<Outcome>
  setPermissions(id: string, changes: PermissionChanges): Promise<Outcome>
  /** undefined: nobody. */
  setSpotlight(id: string | undefined): Promise<Outcome>
  setTitle(title: string): Promise<Outcome>
  /** For all. */
  end(): Promise<Outcome>
}
