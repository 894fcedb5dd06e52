// Every screen with made-up people, without a server: /stories.html?story=NAME&lang=fr&theme=dark
// `npm run dev` serves it, and the end-to-end tests look at each story; the production
// build does not know it.
import { mount } from 'svelte'
import '../tokens.css'
import '../base.css'
import { fetchRest } from '../class/parts'
import { language } from '../locale.svelte'
import { preferences, type Appearance } from '../preferences.svelte'
import Stories from './Stories.svelte'

const asked = new URLSearchParams(location.search)
language.choose(asked.get('lang') ?? 'fr')
preferences.set({ appearance: (asked.get('theme') ?? 'light') as Appearance })
document.documentElement.dir = asked.get('dir') ?? 'ltr'

const target = document.getElementById('app')
// A story is whole from the start: nothing of it comes later.
if (target) await fetchRest()
if (target) mount(Stories, { target, props: { story: asked.get('story') ?? '' } })
