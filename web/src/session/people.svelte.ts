import * as q from '../class/questions'
import type { People } from './classroom'
import type { ClassLink } from './link.svelte'

export class LivePeople implements People {
  readonly #link: ClassLink
  readonly #present
  readonly #hidden
  readonly #lobby
  readonly #banned
  readonly #hands
  readonly #word
  readonly #open

  constructor(link: ClassLink) {
    this.#link = link
    this.#present = $derived(q.presentPeople(link.view))
    this.#hidden = $derived(q.hiddenPeople(link.view))
    this.#lobby = $derived(this.isTeacher ? q.lobbyPeople(link.view) : [])
    this.#banned = $derived(this.isTeacher ? q.bannedPeople(link.view) : [])
    this.#hands = $derived(q.handsInOrder(link.view))
    this.#word = $derived(q.whoHasTheWord(link.view))
    this.#open = $derived(q.openMicrophones(link.view))
  }

  get isTeacher() {
    return q.isTeacher(this.#link.view, this.#link.id)
  }
  get waiting() {
    return q.isWaiting(this.#link.view, this.#link.id)
  }
  get present() {
    return this.#present
  }
  get hidden() {
    return this.#hidden
  }
  get lobby() {
    return this.#lobby
  }
  get banned() {
    return this.#banned
  }
  get hands() {
    return this.#hands
  }
  get myHand() {
    return q.placeInQueue(this.#link.view, this.#link.id)
  }
  get word() {
    return this.#word
  }
  get recorded() {
    return q.isRecorded(this.#link.view)
  }
  get mayUnmute() {
    return q.mayUnmute(this.#link.view, this.#link.id)
  }
  get mayChat() {
    return q.mayChat(this.#link.view, this.#link.id)
  }

  name(id: string): string {
    return q.nameOf(this.#link.view, id)
  }
  microphone(id: string): 'on' | 'off' {
    return this.#open.has(id) ? 'on' : 'off'
  }
  may(what: q.Capture): boolean {
    return q.may(this.#link.view, this.#link.id, what)
  }
}
