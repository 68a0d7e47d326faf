// The types of what preact.js exports, from the packages that it was made of.
export { createContext } from "preact";
export * from "preact/hooks";
export { Component, h, html, render } from "htm/preact";
