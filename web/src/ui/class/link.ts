import { m } from '../../paraglide/messages.js'
import type { LinkState } from '../../session/classroom'
import type { IconName } from '../icons/paths'

/** A link's drawing beside its words. */
export const linkIcon: Readonly<Record<LinkState['kind'], IconName>> = {
  good: 'signal',
  weak: 'signalWeak',
  without: 'cameraOff',
  lost: 'signalLost',
}

/** linkWords says of a link what is worth saying; nothing of a good one. */
export function linkWords(link: LinkState): string {
  switch (link.kind) {
    case 'good':
      return ''
    case 'weak':
      return m.person_link_weak()
    case 'lost':
      return m.person_link_lost()
    case 'without':
      return link.seconds < 60
        ? m.person_link_without_seconds({ seconds: link.seconds })
        : m.person_link_without_minutes({ minutes: Math.floor(link.seconds / 60) })
  }
}
