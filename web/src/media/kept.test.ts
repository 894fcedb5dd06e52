import type { LocalParticipant, LocalTrack, Room } from 'livekit-client'
import { describe, expect, it, vi } from 'vitest'
import { keepCaptured } from './kept'
import type { Library } from './library'

const Source = { Microphone: 'microphone', Camera: 'camera' }
const lk = { Track: { Source } } as unknown as Library

/** A participant that publishes these, and what livekit-client is asked of it. */
function publishing(tracks: object[]) {
  const republishAllTracks = vi.fn(() => Promise.resolve())
  const unpublishTrack = vi.fn(() => Promise.resolve(undefined))
  const trackPublications = new Map(tracks.map((track, i) => [i, { track }]))
  const me = { trackPublications, republishAllTracks, unpublishTrack }
  keepCaptured({ localParticipant: me } as unknown as Room, lk)
  return { me: me as unknown as LocalParticipant, republishAllTracks, unpublishTrack }
}

const track = (source: string, readyState: string, more: object = {}) => ({
  source,
  isMuted: false,
  isUserProvided: false,
  mediaStreamTrack: { readyState, muted: false },
  restartTrack: vi.fn(() => Promise.resolve()),
  ...more,
})

describe('what is captured, when the connection is made anew', () => {
  it('goes on', async () => {
    const live = track('camera', 'live')
    const { me, republishAllTracks } = publishing([live])
    await me.republishAllTracks(undefined, true)
    expect(live.restartTrack).not.toHaveBeenCalled()
    expect(republishAllTracks).toHaveBeenCalledExactlyOnceWith(undefined, false)
  })

  it('is opened again where it has ended meanwhile, or the browser has muted it', async () => {
    const slept = track('camera', 'ended')
    const locked = track('microphone', 'live', {
      mediaStreamTrack: { readyState: 'live', muted: true },
    })
    const { me, republishAllTracks } = publishing([slept, locked])
    republishAllTracks.mockImplementation(() => {
      expect(slept.restartTrack).toHaveBeenCalledOnce()
      return Promise.resolve()
    })
    await me.republishAllTracks()
    expect(locked.restartTrack).toHaveBeenCalledOnce()
    expect(republishAllTracks).toHaveBeenCalledOnce()
  })

  it('is left alone where it is muted by its person, a screen, or a copy', async () => {
    const all = [
      track('microphone', 'ended', { isMuted: true }),
      track('microphone', 'ended', { isUserProvided: true }),
      track('screen_share', 'ended'),
    ]
    await publishing(all).me.republishAllTracks()
    for (const t of all) expect(t.restartTrack).not.toHaveBeenCalled()
  })

  it('is taken down where it cannot be opened, and the rest comes back', async () => {
    const unplugged = track('camera', 'ended', { restartTrack: () => Promise.reject(new Error()) })
    const { me, republishAllTracks, unpublishTrack } = publishing([unplugged])
    await me.republishAllTracks()
    expect(unpublishTrack).toHaveBeenCalledExactlyOnceWith(unplugged as unknown as LocalTrack)
    expect(republishAllTracks).toHaveBeenCalledOnce()
  })
})
