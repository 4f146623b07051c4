/** The method code of every entry of `hostedPages`: how it is paid is chosen on the page, and is the provider's to know. */
export const HOSTED_PAGE = 'hosted_page';
