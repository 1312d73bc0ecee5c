import { setNonce } from "get-nonce";

/** What the content security policy of this page's answer lets style elements show. */
export const nonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? "";

// Dialogs lock scrolling with a style element of their own.
setNonce(nonce);
