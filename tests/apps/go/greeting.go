// SPDX-License-Identifier: Apache-2.0

package main

const greeting = "hello from go"
