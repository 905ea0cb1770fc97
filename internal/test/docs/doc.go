// Package docs tests the documents: README.md, docs/ and the documentation comments. Its tests run
// every program, check every snippet, link and name, compare the exported API with api.txt, and
// require an example for each exported name. They run in the root folder of the module.
package docs
