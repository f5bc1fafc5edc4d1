document.title = "Palabre";
