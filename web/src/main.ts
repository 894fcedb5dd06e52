import { mount } from 'svelte'
import App from './App.svelte'
import { getLocale } from './paraglide/runtime'

document.documentElement.lang = getLocale()
const target = document.getElementById('app')
if (target) mount(App, { target })
