// SPDX-License-Identifier: Apache-2.0
package com.example;

final class Greeting {
  static final String TEXT = "hello from java";

  private Greeting() {}
}
