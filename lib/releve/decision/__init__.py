"""What is true and what comes next: pure, but for the journal's file."""
