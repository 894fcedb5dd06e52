import { lookUpCode } from '../../api/requests'
import type { Door } from '../../session/doors'
import type { Route } from '../../session/routes'
import { isRecord, textOf } from '../../session/storage'
import { payload, ticketOfToken } from '../../session/ticket'

/** Invitation is what the page knows of a class before one enters it. */
export interface Invitation {
  /** The name of the class. */
  class: string
  title: string
  teacher: boolean
  lobby: boolean
  /** What a code opens. */
  door?: Door
  /** Who the link says one is; undefined: one writes it. */
  name: string | undefined
}

export type EntryRoute = Extract<Route, { screen: 'code' | 'invite' | 'token' }>

/** invitationOf asks the server about a code; links say it themselves. Undefined: no such link. */
export async function invitationOf(
  route: EntryRoute,
  signal: AbortSignal,
): Promise<Invitation | undefined> {
  if (route.screen === 'code') {
    return behind(await lookUpCode(route.code, signal))
  }
  return route.screen === 'invite' ? ofInvite(route.invite) : ofToken(route.token)
}

/** behind a door that a code opens. */
export function behind(door: Door): Invitation {
  return {
    door,
    class: door.class,
    title: door.title,
    lobby: door.lobby,
    teacher: false,
    name: undefined,
  }
}

/** Nothing is verified here: the server does when it exchanges the invite. */
function ofInvite(invite: string): Invitation | undefined {
  const claims = payload(invite)
  if (!claims) return undefined
  const grant = isRecord(claims['video']) ? claims['video'] : {}
  const attributes = isRecord(claims['attributes']) ? claims['attributes'] : {}
  const said = metadata(textOf(claims['metadata']))
  const teacher = attributes['role'] === 'teacher'
  const lobby = said['lobby'] === true && !teacher
  const named = textOf(grant['room'])
  return { class: named, title: textOf(said['title']), teacher, lobby, name: undefined }
}

function ofToken(token: string): Invitation | undefined {
  const ticket = ticketOfToken(token)
  if (!ticket) return undefined
  const name = textOf(payload(token)?.['name'])
  const { key, title, teacher, lobby } = ticket
  return { class: key, title, teacher, lobby, name }
}

function metadata(text: string): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(text)
    return isRecord(found) ? found : {}
  } catch {
    return {}
  }
}
