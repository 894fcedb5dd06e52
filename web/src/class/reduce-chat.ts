// The chat's part of the reducer.

import type { ChatMessage, State } from '../gen/class_pb'

/** What a view keeps of the chat, per audience, like the server. */
const kept = 500

export function keepChat(s: State, message: ChatMessage): ChatMessage[] {
  const chat = [...s.chat, message]
  return chat.length > kept ? chat.slice(chat.length - kept) : chat
}

/** A deleted message keeps its place and loses its words. */
export function deleteChat(chat: ChatMessage[], id: string): ChatMessage[] {
  return chat.some((m) => m.id === id)
    ? chat.map((m) => (m.id === id ? { ...m, text: '', deleted: true } : m))
    : chat
}
