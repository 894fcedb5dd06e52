// Where the page is: the address as reactive state, without a full load.

import { parseRoute, type Route } from './routes'

/** Navigation is made once, by whoever mounts the page. */
export class Navigation {
  #route: Route = $state.raw(parseRoute(location))

  constructor() {
    const read = () => (this.#route = parseRoute(location))
    window.addEventListener('popstate', read)
    window.addEventListener('hashchange', read)
  }

  get route(): Route {
    return this.#route
  }

  /** Goes to an address of this page. replace: Back does not return here (after secrets, after leaving). */
  go(path: string, how: 'push' | 'replace' = 'push'): void {
    if (how === 'replace') history.replaceState(null, '', path)
    else history.pushState(null, '', path)
    this.#route = parseRoute(location)
  }
}
